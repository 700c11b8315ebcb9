#include "text/tokenizer_json.h"

#include <limits>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json.h"
#include "runtime/weights/mapped_file.h"
#include "runtime/weights/utf8.h"
#include "text/split_pattern.h"

namespace lacuna::text {
namespace {

using weights::Json;

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxValues = 8'000'000;
constexpr std::size_t kMaxAddedTokens = 100'000;

/// What ByteLevel cuts with by itself: GPT-2's expression.
constexpr const char* kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {}

  ByteLevelBpeDefinition read(const Json& root) {
    if (!root.is_object()) fail("", "an object", root);
    ByteLevelBpeDefinition d;
    read_normalizer(get(root, "normalizer"), "normalizer", d);
    read_pre_tokenizer(get(root, "pre_tokenizer"), "pre_tokenizer", d);
    if (!ends_in_byte_level_) fail("pre_tokenizer", "ByteLevel as its last step", get(root, "pre_tokenizer"));
    read_decoder(get(root, "decoder"));
    read_model(get(root, "model"), d);
    read_added(get(root, "added_tokens"), d);
    return d;
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& expected, const Json& got) const {
    throw weights::CheckpointError(path_, "\"" + key + "\": expected " + expected + ", got " + got.describe());
  }

  static const Json& get(const Json& object, std::string_view key) {
    static const Json null;
    const Json* found = object.find(key);
    return found == nullptr ? null : *found;
  }

  const std::string& string(const Json& object, const std::string& where, const char* key) const {
    const Json& value = get(object, key);
    if (!value.is_string()) fail(where + "." + key, "a string", value);
    return value.as_string();
  }

  bool flag(const Json& object, const std::string& where, const char* key, bool otherwise) const {
    const Json& value = get(object, key);
    if (value.is_null()) return otherwise;
    if (!value.is_boolean()) fail(where + "." + key, "true or false", value);
    return value.as_boolean();
  }

  const Json::Array& array(const Json& object, const std::string& where, const char* key) const {
    const Json& value = get(object, key);
    if (!value.is_array()) fail(where + "." + key, "an array", value);
    return value.as_array();
  }

  std::int32_t id(const Json& value, const std::string& where) const {
    if (!value.is_integer() || value.as_integer() < 0 || value.as_integer() >= BpeModel::kMaxPieces) {
      fail(where, "an id in [0, " + std::to_string(BpeModel::kMaxPieces) + ")", value);
    }
    return static_cast<std::int32_t>(value.as_integer());
  }

  const std::string& type_of(const Json& value, const std::string& where) const {
    if (!value.is_object()) fail(where, "an object with a type", value);
    return string(value, where, "type");
  }

  void read_normalizer(const Json& value, const std::string& where, ByteLevelBpeDefinition& d) const {
    if (value.is_null()) return;
    const std::string& type = type_of(value, where);
    if (type == "Sequence") {
      for (const Json& part : array(value, where, "normalizers")) {
        if (part.is_object() && string(part, where, "type") == "Sequence") fail(where, "no sequence in a sequence", part);
        read_normalizer(part, where, d);
      }
      return;
    }
    UnicodeForm form = UnicodeForm::none;
    if (type == "NFC") form = UnicodeForm::nfc;
    if (type == "NFD") form = UnicodeForm::nfd;
    if (type == "NFKC") form = UnicodeForm::nfkc;
    if (type == "NFKD") form = UnicodeForm::nfkd;
    if (form == UnicodeForm::none || d.form != UnicodeForm::none) {
      fail(where, "one of NFC, NFD, NFKC and NFKD", Json(type));
    }
    d.form = form;
  }

  void read_pre_tokenizer(const Json& value, const std::string& where, ByteLevelBpeDefinition& d) {
    if (value.is_null()) return;
    const std::string& type = type_of(value, where);
    if (type == "Sequence") {
      for (const Json& part : array(value, where, "pretokenizers")) {
        if (part.is_object() && string(part, where, "type") == "Sequence") fail(where, "no sequence in a sequence", part);
        read_pre_tokenizer(part, where, d);
      }
      return;
    }
    if (ends_in_byte_level_) fail(where, "nothing after ByteLevel", value);
    if (type == "ByteLevel") {
      ends_in_byte_level_ = true;
      SplitStep step;
      if (flag(value, where, "add_prefix_space", true)) step.prefix = SplitStep::Prefix::space;
      if (flag(value, where, "use_regex", true)) step.pattern = kGpt2Pattern;
      d.steps.push_back(step);
    } else if (type == "Digits") {
      d.steps.push_back({{}, flag(value, where, "individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)"});
    } else if (type == "Split") {
      if (string(value, where, "behavior") != "Isolated") fail(where + ".behavior", "Isolated", get(value, "behavior"));
      if (flag(value, where, "invert", false)) fail(where + ".invert", "false", get(value, "invert"));
      const Json& pattern = get(value, "pattern");
      if (!pattern.is_object()) fail(where + ".pattern", "an object", pattern);
      const bool regex = pattern.find("Regex") != nullptr;
      const std::string& text = string(pattern, where + ".pattern", regex ? "Regex" : "String");
      if (text.empty()) fail(where + ".pattern", "an expression that is not empty", pattern);
      d.steps.push_back({{}, regex ? text : SplitPattern::quoted(text)});
    } else {
      fail(where, "Split, Digits, ByteLevel or a Sequence of them", Json(type));
    }
  }

  void read_decoder(const Json& value) const {
    if (type_of(value, "decoder") == "ByteLevel") return;
    if (type_of(value, "decoder") == "Sequence") {
      const Json::Array& parts = array(value, "decoder", "decoders");
      if (parts.size() == 1 && type_of(parts[0], "decoder") == "ByteLevel") return;
    }
    fail("decoder", "ByteLevel", value);
  }

  void read_model(const Json& model, ByteLevelBpeDefinition& d) const {
    if (!model.is_object()) fail("model", "an object", model);
    // Files of 2020, GPT-2's among them, do not say the type: what has merges is BPE.
    const bool untyped = get(model, "type").is_null() && get(model, "merges").is_array();
    const std::string type = untyped ? "BPE" : type_of(model, "model");
    if (type != "BPE") fail("model.type", "BPE", Json(type));
    if (flag(model, "model", "byte_fallback", false)) {
      fail("model.byte_fallback", "false (byte-level pieces need none)", get(model, "byte_fallback"));
    }
    const Json& dropout = get(model, "dropout");
    if (!dropout.is_null() && !(dropout.is_number() && dropout.as_number() == 0)) {
      fail("model.dropout", "none", dropout);
    }
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const Json& value = get(model, key);
      if (!value.is_null() && !(value.is_string() && value.as_string().empty())) {
        fail(std::string("model.") + key, "none", value);
      }
    }
    if (!get(model, "unk_token").is_null()) d.unknown = string(model, "model", "unk_token");
    if (flag(model, "model", "ignore_merges", false)) {
      d.whole_words = ByteLevelBpeDefinition::WholeWords::looked_up;
    }
    const Json& vocabulary = get(model, "vocab");
    if (!vocabulary.is_object() || vocabulary.size() == 0) fail("model.vocab", "an object of pieces", vocabulary);
    for (const auto& [piece, number] : vocabulary.as_object()) {
      d.pieces.emplace_back(piece, id(number, "model.vocab." + weights::in_quotes(piece)));
    }
    const Json& merges = get(model, "merges");
    if (!merges.is_array()) fail("model.merges", "an array of merges", merges);
    for (const Json& merge : merges.as_array()) d.merges.push_back(read_merge(merge, d.merges.size()));
    if (d.merges.empty() && d.pieces.size() > 512) {
      fail("model.merges", "merges (a vocabulary of " + std::to_string(d.pieces.size()) + " pieces needs them)", merges);
    }
  }

  MergeRule read_merge(const Json& merge, std::size_t index) const {
    const std::string where = "model.merges[" + std::to_string(index) + "]";
    if (merge.is_string()) {
      const std::string& text = merge.as_string();
      const std::size_t space = text.find(' ');
      if (space == std::string::npos || space == 0 || space + 1 == text.size() ||
          text.find(' ', space + 1) != std::string::npos) {
        fail(where, "two pieces with a space between them", merge);
      }
      return {text.substr(0, space), text.substr(space + 1)};
    }
    if (!merge.is_array() || merge.size() != 2 || !merge.as_array()[0].is_string() || !merge.as_array()[1].is_string()) {
      fail(where, "two pieces", merge);
    }
    return {merge.as_array()[0].as_string(), merge.as_array()[1].as_string()};
  }

  void read_added(const Json& value, ByteLevelBpeDefinition& d) const {
    if (value.is_null()) return;
    if (!value.is_array() || value.size() > kMaxAddedTokens) {
      fail("added_tokens", "an array of at most " + std::to_string(kMaxAddedTokens) + " tokens", value);
    }
    for (const Json& token : value.as_array()) {
      const std::string where = "added_tokens[" + std::to_string(d.added.size()) + "]";
      if (!token.is_object()) fail(where, "an object", token);
      const std::string& content = string(token, where, "content");
      if (content.empty()) fail(where + ".content", "a text", token);
      d.added.push_back({id(get(token, "id"), where + ".id"), content, flag(token, where, "special", false),
                         flag(token, where, "normalized", false), flag(token, where, "single_word", false),
                         flag(token, where, "lstrip", false), flag(token, where, "rstrip", false)});
    }
  }

  const std::filesystem::path& path_;
  bool ends_in_byte_level_ = false;
};

}  // namespace

ByteLevelBpeDefinition parse_tokenizer_json(std::string_view json, const std::filesystem::path& path) {
  Json root;
  try {
    root = Json::parse(json, {kMaxFileBytes, 64, kMaxValues});
  } catch (const weights::JsonError& error) {
    throw weights::CheckpointError(path, error.byte_offset(), error.what());
  }
  return Reader(path).read(root);
}

ByteLevelBpeTokenizer make_tokenizer(ByteLevelBpeDefinition definition, const std::filesystem::path& path) {
  try {
    return ByteLevelBpeTokenizer(std::move(definition));
  } catch (const std::invalid_argument& error) {
    // Which function found it is of no use to who has the file.
    const std::string_view what = error.what();
    const std::size_t tag = what.starts_with('[') ? what.find("] ") : std::string_view::npos;
    throw weights::CheckpointError(path, tag == std::string_view::npos ? what : what.substr(tag + 2));
  }
}

ByteLevelBpeTokenizer open_tokenizer_json(const std::filesystem::path& path) {
  return make_tokenizer(parse_tokenizer_json(weights::read_regular_file(path, kMaxFileBytes), path), path);
}

}  // namespace lacuna::text
