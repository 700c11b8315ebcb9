#!/usr/bin/env python3
"""Writes the seeds of the JSON, safetensors, GGUF and tokenizer.json fuzzers: tests/fuzz/make_corpus.py

Files called valid_* must be accepted, attack_* must be refused; tests/weights/corpus_test.cpp and
tests/text/tokenizer_corpus_test.cpp hold the readers to it.
Each attack is a kind of file that broke some other reader. Add a file here for every bug that a fuzzer finds.
"""
import json
import pathlib
import struct

ROOT = pathlib.Path(__file__).parent / "corpus"


def put(kind, name, content):
    (ROOT / kind).mkdir(parents=True, exist_ok=True)
    (ROOT / kind / name).write_bytes(content)


def entry(shape, begin, end, dtype="U8"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def raw(header, data=b"", length=None):
    if isinstance(header, (dict, list)):
        header = json.dumps(header, separators=(",", ":"))
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def safetensors():
    def valid(name, *args, **kw):
        put("safetensors", "valid_" + name, raw(*args, **kw))

    def attack(name, *args, **kw):
        put("safetensors", "attack_" + name, raw(*args, **kw))

    data = bytes(range(16))
    one = {"t": entry([4], 0, 4)}
    e = json.dumps(entry([0], 0, 0))

    valid("empty", {})
    valid("one", one, data[:4])
    valid("padded", json.dumps(one) + "    ", data[:4])
    valid("metadata", {"__metadata__": {"format": "pt"}, **one}, data[:4])
    valid("scalar", {"t": entry([], 0, 8, "I64")}, data[:8])
    valid("zero_size", {"a": entry([0, 7], 0, 0, "F64"), "t": entry([2], 0, 4, "BF16")}, data[:4])
    valid("out_of_order", {"b": entry([4], 4, 8), "a": entry([1], 0, 4, "F32")}, data[:8])
    valid("quantised", {"w": entry([2, 2], 8, 12, "I8"), "w_scale": entry([2], 0, 8, "F32")}, data[:12])
    for dtype, size in [("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2), ("I64", 8), ("I32", 4),
                        ("I16", 2), ("I8", 1), ("U8", 1), ("BOOL", 1)]:
        valid("dtype_" + dtype.lower(), {"t": entry([1], 0, size, dtype)}, data[:size])

    put("safetensors", "attack_nothing", b"")
    put("safetensors", "attack_seven_bytes", bytes(7))
    put("safetensors", "attack_length_only", struct.pack("<Q", 0))
    attack("length_max", "{}", length=2**64 - 1)
    attack("length_wraps_past_eight", "{}", length=2**64 - 8)
    attack("length_sign_bit", "{}", length=2**63)
    attack("length_over_limit", "{}", length=(16 << 20) + 1)
    attack("length_past_end", "{}", length=3)
    attack("length_into_data", one, data[:4], length=200)
    attack("length_short", one, data[:4], length=10)
    attack("header_array", "[]")
    attack("header_leading_space", " {}")
    attack("header_bom", b"\xef\xbb\xbf{}")
    attack("header_trailing_value", "{}{}")
    attack("header_trailing_nul", b"{}\x00")
    attack("header_not_utf8", b'{"\xff":' + e.encode() + b"}")
    attack("header_surrogate", b'{"\xed\xa0\x80":' + e.encode() + b"}")
    attack("header_overlong_utf8", b'{"\xc0\xaf":' + e.encode() + b"}")
    attack("header_deep", "{" + '"a":[' * 5000)
    attack("duplicate_tensor", '{"t":' + e + ',"t":' + e + "}")
    attack("duplicate_tensor_escaped", '{"t":' + e + ',"\\u0074":' + e + "}")
    attack("duplicate_field", '{"t":{"dtype":"U8","dtype":"F32","shape":[0],"data_offsets":[0,0]}}')
    attack("duplicate_metadata", '{"__metadata__":{},"__metadata__":{}}')
    attack("metadata_number", {"__metadata__": {"a": 1}})
    attack("metadata_nested", {"__metadata__": {"a": {"b": "c"}}})
    attack("metadata_array", {"__metadata__": []})
    attack("metadata_null", {"__metadata__": None})
    attack("entry_array", {"t": []})
    attack("entry_missing_shape", {"t": {"dtype": "U8", "data_offsets": [0, 0]}})
    attack("entry_missing_offsets", {"t": {"dtype": "U8", "shape": [0]}})
    attack("entry_missing_dtype", {"t": {"shape": [0], "data_offsets": [0, 0]}})
    attack("entry_unknown_field", {"t": {**entry([0], 0, 0), "alignment": 0}})
    attack("dtype_unknown", {"t": entry([1], 0, 1, "F8_E4M3")}, data[:1])
    attack("dtype_lower_case", {"t": entry([1], 0, 4, "f32")}, data[:4])
    attack("dtype_number", {"t": entry([1], 0, 1, 7)}, data[:1])
    attack("rank_9", {"t": entry([1] * 9, 0, 1)}, data[:1])
    attack("rank_1000", {"t": entry([1] * 1000, 0, 1)}, data[:1])
    attack("shape_negative", {"t": entry([-1], 0, 1)}, data[:1])
    attack("shape_two_negatives", {"t": entry([-2, -2], 0, 4)}, data[:4])
    attack("shape_minus_zero", '{"t":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}')
    attack("shape_fraction", {"t": entry([1.5], 0, 1)}, data[:1])
    attack("shape_exponent", '{"t":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}', data[:1])
    attack("shape_string", {"t": entry(["1"], 0, 1)}, data[:1])
    attack("shape_number", {"t": entry(1, 0, 1)}, data[:1])
    attack("shape_overflow_bytes", {"t": entry([2**62], 0, 0, "F32")})
    attack("shape_overflow_product", {"t": entry([2**32, 2**32], 0, 0)})
    attack("shape_overflow_three", {"t": entry([2**31] * 3, 0, 0)})
    attack("shape_overflow_hidden_by_zero", {"t": entry([2**62, 0, 2**62], 0, 0)})
    attack("shape_overflow_to_small", {"t": entry([2**61 + 1], 0, 8, "F64")}, data[:8])
    attack("shape_above_int64", {"t": entry([2**64 + 1], 0, 1)}, data[:1])
    attack("offset_negative", {"t": entry([4], -4, 0)}, data[:4])
    attack("offset_reversed", {"t": entry([4], 4, 0)}, data[:4])
    attack("offset_past_end", {"t": entry([5], 0, 5)}, data[:4])
    attack("offset_huge", {"t": entry([4], 0, 2**63 - 1)}, data[:4])
    attack("offset_wraps", {"t": entry([4], 2**64 - 4, 2**64)}, data[:4])
    attack("offset_one", '{"t":{"dtype":"U8","shape":[0],"data_offsets":[0]}}')
    attack("offset_three", '{"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0,0]}}')
    attack("offset_fraction", '{"t":{"dtype":"U8","shape":[4],"data_offsets":[0,4.0]}}', data[:4])
    attack("range_too_short", {"t": entry([4], 0, 3)}, data[:3])
    attack("range_too_long", {"t": entry([4], 0, 5)}, data[:5])
    attack("overlap", {"a": entry([4], 0, 4), "b": entry([4], 3, 7)}, data[:7])
    attack("overlap_same", {"a": entry([4], 0, 4), "b": entry([4], 0, 4)}, data[:4])
    attack("overlap_inside", {"a": entry([8], 0, 8), "b": entry([2], 2, 4)}, data[:8])
    attack("hole_at_start", {"t": entry([4], 1, 5)}, data[:5])
    attack("hole_between", {"a": entry([4], 0, 4), "b": entry([4], 5, 9)}, data[:9])
    attack("trailing_bytes", one, data[:5])
    attack("truncated_data", one, data[:3])
    attack("no_data", one)
    attack("name_empty", {"": entry([0], 0, 0)})
    attack("name_long", {"n" * 513: entry([0], 0, 0)})
    attack("name_newline", {"a\nb": entry([0], 0, 0)})
    attack("name_nul", {"a\0b": entry([0], 0, 0)})
    attack("pickle", b"\x80\x02}q\x00(X\x06\x00\x00\x00weightq\x01K\x01u." + bytes(64), length=0x7d0280)


def text():
    def valid(name, content):
        put("json", "valid_" + name, content.encode())

    def attack(name, content):
        put("json", "attack_" + name, content.encode() if isinstance(content, str) else content)

    valid("null", "null")
    valid("numbers", "[0,-0,1,-1,1.5,1e3,1E-3,-2.5e+10,9223372036854775807,-9223372036854775808,9223372036854775808,5e-324]")
    valid("strings", '["","a","\\"\\\\\\/\\b\\f\\n\\r\\t","\\u00e9\\ud83d\\ude00","\u00e9\U0001f600"]')
    valid("config", json.dumps({"i": 7, "x": 0.5, "b": True, "s": "text", "o": "one", "ss": ["a"], "is": [1, 2],
                                "xs": [0.25, 1], "sub": {}}, indent=2))
    valid("config_wrong_types", json.dumps({"i": "abc", "x": None, "b": 1, "s": [], "o": "three", "ss": [1],
                                            "is": ["1"], "xs": {}, "sub": [], "extra": 1}))
    valid("depth_64", "[" * 64 + "]" * 64)
    valid("white_space", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n")
    attack("nothing", "")
    attack("depth_65", "[" * 65 + "]" * 65)
    attack("depth_20000", "[" * 20000)
    attack("duplicate_key", '{"a":1,"a":2}')
    attack("duplicate_key_escaped", '{"a":1,"\\u0061":2}')
    attack("trailing_comma", "[1,]")
    attack("trailing_bytes", "{}x")
    attack("trailing_nul", b"{}\0")
    attack("bom", b"\xef\xbb\xbf{}")
    attack("nan", "NaN")
    attack("infinity", "-Infinity")
    attack("overflow", "1e999")
    attack("leading_zero", "01")
    attack("plus", "+1")
    attack("hex", "0x10")
    attack("comment", "/* */ 1")
    attack("single_quotes", "{'a':1}")
    attack("lone_surrogate", '"\\ud800"')
    attack("lone_low_surrogate", '"\\udc00"')
    attack("wrong_pair", '"\\ud800\\u0041"')
    attack("raw_newline", '"a\nb"')
    attack("not_utf8", b'"\xff"')
    attack("overlong", b'"\xc0\x80"')
    attack("encoded_surrogate", b'"\xed\xa0\x80"')
    attack("unfinished_escape", '"\\u12')
    attack("unfinished_string", '"abc')
    attack("unfinished_object", '{"a":')


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def gguf_text(text):
    text = text if isinstance(text, bytes) else text.encode()
    return u64(len(text)) + text


def gguf_value(key, kind, content):
    return gguf_text(key) + u32(kind) + content


def gguf_tensor(name, sizes, kind=0, offset=0):
    return gguf_text(name) + u32(len(sizes)) + b"".join(map(u64, sizes)) + u32(kind) + u64(offset)


def gguf_file(values=(), tensors=(), data=b"", version=3, value_count=None, tensor_count=None, alignment=32):
    head = b"GGUF" + u32(version) + u64(len(tensors) if tensor_count is None else tensor_count)
    head += u64(len(values) if value_count is None else value_count) + b"".join(values) + b"".join(tensors)
    if tensors:
        head += bytes(-len(head) % alignment)
    return head + data


def gguf():
    def valid(name, *args, **kw):
        put("gguf", "valid_" + name, gguf_file(*args, **kw))

    def attack(name, *args, **kw):
        put("gguf", "attack_" + name, gguf_file(*args, **kw))

    four = bytes(range(16))
    string, array = 8, 9
    one = [gguf_tensor("t", [4])]
    valid("empty")
    valid("one", [], one, four)
    valid("version_2", [], one, four, version=2)
    valid("padded", [], one, four + bytes(16))
    valid("two", [], [gguf_tensor("a", [4]), gguf_tensor("b", [2, 2], 0, 32)], four + bytes(16) + four)
    valid("alignment_8", [gguf_value("general.alignment", 4, u32(8))],
          [gguf_tensor("a", [3]), gguf_tensor("b", [1], 0, 16)], bytes(20), alignment=8)
    valid("values", [gguf_value("a", 0, b"\xff"), gguf_value("b", 1, b"\xff"), gguf_value("c", 2, b"\0\1"),
                     gguf_value("d", 3, b"\0\1"), gguf_value("e", 4, u32(7)), gguf_value("f", 5, u32(7)),
                     gguf_value("g", 6, u32(0)), gguf_value("h", 7, b"\1"), gguf_value("i", string, gguf_text("x")),
                     gguf_value("j", 10, u64(1)), gguf_value("k", 11, u64(2**64 - 1)), gguf_value("l", 12, u64(0)),
                     gguf_value("m", array, u32(8) + u64(2) + gguf_text("a") + gguf_text("")),
                     gguf_value("n", array, u32(4) + u64(0)), gguf_value("o", array, u32(6) + u64(1) + u32(0))])
    for name, kind, bytes_of_block in [("f16", 1, 2), ("q4_0", 2, 18), ("q8_0", 8, 34), ("q4_k", 12, 144),
                                       ("q6_k", 14, 210), ("bf16", 30, 2)]:
        columns = {2: 1, 18: 32, 34: 32}.get(bytes_of_block, 256)
        valid(name, [], [gguf_tensor("t", [columns, 1], kind)], bytes(i % 251 for i in range(bytes_of_block)))

    put("gguf", "attack_nothing", b"")
    put("gguf", "attack_magic_only", b"GGUF")
    put("gguf", "attack_other_magic", b"GGML" + gguf_file()[4:])
    attack("version_1", version=1)
    attack("version_4", version=4)
    attack("big_endian", version=0x03000000)
    attack("tensor_count_max", tensor_count=2**64 - 1)
    attack("tensor_count_times_size_wraps", tensor_count=2**64 // 32 + 1)
    attack("value_count_max", value_count=2**64 - 1)
    attack("value_count_times_size_wraps", value_count=2**64 // 24 + 1)
    attack("value_count_above_file", value_count=100)
    attack("key_length_max", [u64(2**64 - 1) + b"key"])
    attack("key_length_plus_one_wraps", [u64(2**64 - 1)], value_count=1)
    attack("key_length_sign_bit", [u64(2**63) + b"key"])
    attack("key_long", [gguf_value("k" * 257, 7, b"\1")])
    attack("key_empty", [gguf_value("", 7, b"\1")])
    attack("key_nul", [gguf_value("a\0b", 7, b"\1")])
    attack("key_not_utf8", [gguf_value(b"\xff", 7, b"\1")])
    attack("key_twice", [gguf_value("k", 7, b"\1"), gguf_value("k", 7, b"\0")])
    attack("value_type_13", [gguf_value("k", 13, u64(0))])
    attack("value_type_max", [gguf_value("k", 2**32 - 1, u64(0))])
    attack("boolean_2", [gguf_value("k", 7, b"\2")])
    attack("u64_above_i64", [gguf_value("k", 10, u64(2**63))])
    attack("string_length_max", [gguf_value("k", string, u64(2**64 - 1))])
    attack("string_past_end", [gguf_value("k", string, u64(100) + b"abc")])
    attack("array_of_arrays", [gguf_value("k", array, u32(9) + u64(1) + u32(9) + u64(1))])
    attack("array_nested_deep", [gguf_value("k", array, (u32(9) + u64(1)) * 2000)])
    attack("array_type_13", [gguf_value("k", array, u32(13) + u64(1))])
    attack("array_count_max", [gguf_value("k", array, u32(4) + u64(2**64 - 1))])
    attack("array_count_times_size_wraps", [gguf_value("k", array, u32(4) + u64(2**62 + 1) + u32(0))])
    attack("array_strings_count_wraps", [gguf_value("k", array, u32(8) + u64(2**60 + 1) + bytes(16))])
    attack("array_strings_second_past_end", [gguf_value("k", array, u32(8) + u64(2) + gguf_text("a") + u64(9))])
    for alignment in [0, 3, 2**31]:
        attack(f"alignment_{alignment}", [gguf_value("general.alignment", 4, u32(alignment))], one, four)
    attack("alignment_text", [gguf_value("general.alignment", string, gguf_text("32"))], one, four)
    attack("axes_0", [], [gguf_tensor("t", [])], four)
    attack("axes_5", [], [gguf_tensor("t", [1, 1, 1, 1, 4])], four)
    attack("axes_max", [], [gguf_text("t") + u32(2**32 - 1) + bytes(64)], four)
    attack("axis_zero", [], [gguf_tensor("t", [0])], four)
    attack("axis_negative", [], [gguf_tensor("t", [2**64 - 4])], four)
    attack("elements_wrap", [], [gguf_tensor("t", [2**32, 2**32])], four)
    attack("elements_wrap_to_small", [], [gguf_tensor("t", [2**33, 2**31, 4])], four)
    attack("bytes_wrap", [], [gguf_tensor("t", [2**62])], four)
    attack("bytes_wrap_by_block", [], [gguf_tensor("t", [2**60 + 32, 4], 8)], four)
    attack("padding_wraps", [], [gguf_tensor("a", [2**61 - 1]), gguf_tensor("b", [4], 0, 2**63)], four)
    attack("tensor_larger_than_file", [], [gguf_tensor("t", [1 << 30])], four)
    attack("type_number_unknown", [], [gguf_tensor("t", [4], 99)], four)
    attack("type_number_max", [], [gguf_tensor("t", [4], 2**32 - 1)], four)
    attack("type_removed", [], [gguf_tensor("t", [4], 4)], four)
    attack("columns_no_multiple", [], [gguf_tensor("t", [33, 32], 8)], bytes(34 * 33))
    attack("vector_of_blocks", [], [gguf_tensor("t", [32], 8)], bytes(34))
    attack("name_twice", [], [gguf_tensor("t", [4]), gguf_tensor("t", [4], 0, 32)], bytes(48))
    attack("name_empty", [], [gguf_tensor("", [4])], four)
    attack("offset_overlap", [], [gguf_tensor("a", [4]), gguf_tensor("b", [4], 0, 0)], bytes(48))
    attack("offset_hole", [], [gguf_tensor("a", [4]), gguf_tensor("b", [4], 0, 64)], bytes(80))
    attack("offset_max", [], [gguf_tensor("a", [4], 0, 2**64 - 16)], four)
    attack("truncated_data", [], one, four[:-1])
    attack("trailing_bytes", [], one, four + bytes(64))


def tokenizer_json():
    alphabet = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in alphabet]
    spelling = {b: chr(b) for b in alphabet} | {b: chr(256 + i) for i, b in enumerate(rest)}

    def build(text="", **changes):
        vocabulary = {spelling[b]: b for b in range(256)} | {"ab": 256, "abc": 257}
        model = {"type": "BPE", "vocab": vocabulary, "merges": ["a b", "ab c"]}
        root = {"added_tokens": [{"id": 258, "content": "<|m|>", "special": True}], "normalizer": {"type": "NFC"},
                "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": "\\s+|\\p{L}+"}, "behavior": "Isolated", "invert": False},
                    {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]},
                "decoder": {"type": "ByteLevel"}}
        model.update({k: v for k, v in changes.items() if k in ("vocab", "merges", "type", "byte_fallback", "unk_token")})
        root.update({k: v for k, v in changes.items() if k not in model and k != "byte_fallback" and k != "unk_token"})
        root["model"] = model
        content = json.dumps(root, separators=(",", ":"))
        return content.encode() + (b"\0" + text.encode() if text else b"")

    def valid(name, **kw):
        put("tokenizer_json", "valid_" + name, build(**kw))

    def attack(name, **kw):
        put("tokenizer_json", "attack_" + name, build(**kw))

    def split(pattern):
        return {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}, {"type": "ByteLevel"}]}

    valid("plain")
    valid("merges_as_pairs", merges=[["a", "b"], ["ab", "c"]])
    valid("no_added_tokens", added_tokens=[])
    valid("prefix_space", pre_tokenizer={"type": "ByteLevel"})
    attack("no_model", type="WordPiece")
    attack("merges_missing", merges=None)
    attack("merge_without_space", merges=["ab"])
    attack("merge_with_two_spaces", merges=["a b c"])
    attack("merge_of_unknown_piece", merges=["a zz"])
    attack("merge_to_unknown_piece", merges=["a c"])
    attack("merge_of_three", merges=[["a", "b", "c"]])
    attack("vocabulary_empty", vocab={}, merges=[])
    attack("id_negative", vocab={"a": -1}, merges=[])
    attack("id_huge", vocab={"a": 2**31 + 5}, merges=[])
    attack("id_above_int64", vocab={"a": 2**70}, merges=[])
    attack("id_fraction", vocab={"a": 0.5}, merges=[])
    attack("id_twice", vocab={"a": 1, "b": 1}, merges=[])
    attack("byte_fallback", byte_fallback=True)
    attack("unknown_token_missing", unk_token="<unk>")
    attack("added_id_of_a_piece", added_tokens=[{"id": 5, "content": "x"}])
    attack("added_id_huge", added_tokens=[{"id": 2**40, "content": "x"}])
    attack("added_empty", added_tokens=[{"id": 300, "content": ""}])
    attack("added_twice", added_tokens=[{"id": 300, "content": "x"}, {"id": 301, "content": "x"}])
    attack("decoder_missing", decoder=None)
    attack("pre_tokenizer_missing", pre_tokenizer=None)
    attack("pre_tokenizer_nested", pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Sequence", "pretokenizers": []}]})
    attack("normalizer_nested", normalizer={"type": "Sequence", "normalizers": [
        {"type": "Sequence", "normalizers": []}]})
    attack("normalizer_other", normalizer={"type": "Lowercase"})
    attack("pattern_unfinished", pre_tokenizer=split("(a"))
    attack("pattern_backslash", pre_tokenizer=split("a\\"))
    attack("pattern_long", pre_tokenizer=split("a" * 5000))
    attack("pattern_deep", pre_tokenizer=split("(" * 1000 + ")" * 1000))
    attack("pattern_quantifier", pre_tokenizer=split("a{65536}"))
    attack("pattern_of_bytes", pre_tokenizer=split("\\C"))
    put("tokenizer_json", "attack_array", b"[]")
    put("tokenizer_json", "attack_nothing", b"")
    # Accepted; the text is what would take for ever.
    put("tokenizer_json", "backtracking", build("a" * 60, pre_tokenizer=split("(a|a|a|a)*[bc]")))
    put("tokenizer_json", "long_word", build("ab" * 5000))
    put("tokenizer_json", "text_with_everything", build(" <|m|>abc\u0301\u4f60 \U0001f600\n"))


if __name__ == "__main__":
    safetensors()
    text()
    gguf()
    tokenizer_json()
