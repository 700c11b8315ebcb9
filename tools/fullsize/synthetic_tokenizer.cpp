#include "tools/fullsize/synthetic_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/weights/json.h"

namespace lacuna::fullsize {
namespace {

using weights::Json;

constexpr std::size_t kPieces = 126080;
constexpr int kFirstAdded = 126080;
constexpr int kReserved = 256;
constexpr const char* kSpace = "\xC4\xA0";  // how a byte-level tokenizer writes a space
constexpr const char* kPattern =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|"
    "\\s+(?!\\S)|\\s+";

std::string utf8(int code) {
  if (code < 0x80) return std::string(1, char(code));
  return {char(0xC0 | code >> 6), char(0x80 | (code & 0x3F))};
}

/// The 256 bytes as a byte-level tokenizer writes and numbers them: printable ones first.
std::vector<std::string> byte_pieces() {
  std::vector<std::string> pieces;
  for (const auto& [first, last] : {std::pair{33, 126}, {161, 172}, {174, 255}}) {
    for (int byte = first; byte <= last; ++byte) pieces.push_back(utf8(byte));
  }
  const int others = 256 - int(pieces.size());
  for (int i = 0; i < others; ++i) pieces.push_back(utf8(256 + i));
  return pieces;
}

using Merges = std::vector<std::pair<std::string, std::string>>;

/// Words of two, three and four letters, with and without a space in front, until there are enough.
Merges make_merges(std::size_t count) {
  std::vector<std::string> letters, pairs;
  for (char c = 'a'; c <= 'z'; ++c) letters.emplace_back(1, c);
  Merges merges;
  for (const std::string& a : letters) merges.emplace_back(kSpace, a);
  for (const std::string& a : letters) {
    for (const std::string& b : letters) {
      merges.emplace_back(a, b);
      pairs.push_back(a + b);
    }
  }
  for (const std::string& pair : pairs) {
    for (const std::string& a : letters) {
      merges.emplace_back(pair, a);
      merges.emplace_back(kSpace + a, pair);
    }
  }
  for (const std::string& a : pairs) {
    for (const std::string& b : pairs) {
      if (merges.size() == count) return merges;
      merges.emplace_back(a, b);
    }
  }
  return merges;
}

std::vector<std::string> added_names(Words words) {
  std::vector<std::string> names = {"<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]"};
  for (int i = 0; i < kReserved; ++i) {
    names.push_back(i == 252 ? "<|mdm_mask|>" : "<|reserved_token_" + std::to_string(i) + "|>");
  }
  for (const char* name : {"<role>", "</role>", "<|arithmetic_start|>", "<|arithmetic_end|>", "<|number_start|>",
                           "<|number_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}) {
    names.emplace_back(name);
  }
  if (words == Words::lumina) {
    constexpr std::size_t kFirstReserved = 4;
    const char* const replaced[] = {"<end-of-line>", "<system>", "</system>", "<user>", "</user>"};
    std::ranges::copy(replaced, names.begin() + kFirstReserved);
    for (const char* name : {"<IMAGE>", "</IMAGE>", "<uncondition>", "<|unknown_0|>", "<|unknown_1|>", "<answer>",
                             "</answer>"}) {
      names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace

std::string synthetic_tokenizer(Words words) {
  Json::Object pieces;
  Json merges = Json::array(), added = Json::array();
  const auto add = [&](std::string piece) { pieces.push_back({std::move(piece), Json(std::int64_t(pieces.size()))}); };
  for (std::string& piece : byte_pieces()) add(std::move(piece));
  for (const auto& [left, right] : make_merges(kPieces - pieces.size())) {
    add(left + right);
    merges.push_back(left + " " + right);
  }
  int id = kFirstAdded;
  for (const std::string& name : added_names(words)) {
    added.push_back(Json::object()
                        .set("id", id++)
                        .set("content", name)
                        .set("single_word", false)
                        .set("lstrip", false)
                        .set("rstrip", false)
                        .set("normalized", false)
                        .set("special", true));
  }
  const auto byte_level = [](bool prefix, bool regex) {
    return Json::object().set("type", "ByteLevel").set("add_prefix_space", prefix).set("trim_offsets", true).set(
        "use_regex", regex);
  };
  const Json split = Json::object()
                         .set("type", "Split")
                         .set("pattern", Json::object().set("Regex", kPattern))
                         .set("behavior", "Isolated")
                         .set("invert", false);
  return Json::object()
      .set("version", "1.0")
      .set("truncation", Json())
      .set("padding", Json())
      .set("added_tokens", std::move(added))
      .set("normalizer", Json::object().set("type", "NFC"))
      .set("pre_tokenizer", Json::object().set("type", "Sequence").set(
                                "pretokenizers", Json::array().push_back(split).push_back(byte_level(false, false))))
      .set("post_processor", Json())
      .set("decoder", byte_level(true, true))
      .set("model", Json::object()
                        .set("type", "BPE")
                        .set("dropout", Json())
                        .set("unk_token", Json())
                        .set("continuing_subword_prefix", Json())
                        .set("end_of_word_suffix", Json())
                        .set("fuse_unk", false)
                        .set("byte_fallback", false)
                        .set("ignore_merges", false)
                        .set("vocab", Json(std::move(pieces)))
                        .set("merges", std::move(merges)))
      .dump();
}

}  // namespace lacuna::fullsize
