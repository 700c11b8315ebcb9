#!/usr/bin/env python3
"""Writes the seeds of the JSON and safetensors fuzzers: tests/fuzz/make_corpus.py

Files called valid_* must be accepted, attack_* must be refused; tests/weights/corpus_test.cpp holds the readers to it.
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


if __name__ == "__main__":
    safetensors()
    text()
