#include "text/vocabulary_files.h"

#include <charconv>
#include <system_error>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json.h"
#include "runtime/weights/mapped_file.h"
#include "runtime/weights/utf8.h"
#include "text/known_cuts.h"
#include "text/tokenizer_json.h"
#include "text/utf8.h"

namespace lacuna::text {
namespace {

namespace fs = std::filesystem;
using weights::CheckpointError;
using weights::Json;

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;

Json read_json(const fs::path& path) {
  const std::string text = weights::read_regular_file(path, kMaxFileBytes);
  try {
    return Json::parse(text, {kMaxFileBytes, 64, 8'000'000});
  } catch (const weights::JsonError& error) {
    throw CheckpointError(path, error.byte_offset(), error.what());
  }
}

const Json* member(const Json& object, std::string_view key) { return object.is_object() ? object.find(key) : nullptr; }

bool flag(const Json& object, std::string_view key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_boolean() && value->as_boolean();
}

const KnownCut& cut_of(const Json& config, const fs::path& path) {
  const Json* value = member(config, "tokenizer_class");
  std::string name = value != nullptr && value->is_string() ? value->as_string() : "";
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (name == "DreamTokenizer" || name == "Qwen2Tokenizer") return *find_known_cut("qwen2");
  if (name == "GPT2Tokenizer") return *find_known_cut("gpt-2");
  throw CheckpointError(path, "\"tokenizer_class\": expected DreamTokenizer, Qwen2Tokenizer or GPT2Tokenizer, got " +
                                  weights::in_quotes(name) + "; a tokenizer.json would say how it cuts texts");
}

void read_pieces(const fs::path& path, ByteLevelBpeDefinition& d) {
  const Json vocabulary = read_json(path);
  if (!vocabulary.is_object()) throw CheckpointError(path, "expected an object of pieces, got " + vocabulary.describe());
  for (const auto& [piece, id] : vocabulary.as_object()) {
    if (!id.is_integer() || id.as_integer() < 0 || id.as_integer() >= BpeModel::kMaxPieces) {
      throw CheckpointError(path, weights::in_quotes(piece) + ": expected an id in [0, " +
                                      std::to_string(BpeModel::kMaxPieces) + "), got " + id.describe());
    }
    d.pieces.emplace_back(piece, static_cast<std::int32_t>(id.as_integer()));
  }
}

void read_merges(const fs::path& path, ByteLevelBpeDefinition& d) {
  const std::string text = weights::read_regular_file(path, kMaxFileBytes);
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view rule = std::string_view(text).substr(at, end - at);
    if (rule.ends_with('\r')) rule.remove_suffix(1);
    const bool comment = line == 0 && rule.starts_with("#version");
    ++line;
    at = end + 1;
    if (rule.empty() || comment) continue;
    const std::size_t space = rule.find(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == rule.size() ||
        rule.find(' ', space + 1) != std::string_view::npos || !is_utf8(rule)) {
      throw CheckpointError(path, "line " + std::to_string(line) + ": expected two pieces with a space between them, got " +
                                      weights::in_quotes(rule));
    }
    d.merges.emplace_back(rule.substr(0, space), rule.substr(space + 1));
  }
}

void read_added(const Json& config, const fs::path& path, ByteLevelBpeDefinition& d) {
  const Json* added = member(config, "added_tokens_decoder");
  if (added == nullptr) return;
  if (!added->is_object()) throw CheckpointError(path, "\"added_tokens_decoder\": expected an object, got " + added->describe());
  for (const auto& [key, token] : added->as_object()) {
    std::int32_t id = 0;
    const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    const Json* content = member(token, "content");
    if (error != std::errc() || stop != key.data() + key.size() || content == nullptr || !content->is_string() ||
        content->as_string().empty()) {
      throw CheckpointError(path, "\"added_tokens_decoder\": expected ids with a content, got " + weights::in_quotes(key) +
                                      " with " + token.describe());
    }
    d.added.push_back({id, content->as_string(), flag(token, "special"), flag(token, "normalized"),
                       flag(token, "single_word"), flag(token, "lstrip"), flag(token, "rstrip")});
  }
}

}  // namespace

bool has_vocabulary_files(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "vocab.json", error) && fs::exists(folder / "merges.txt", error) &&
         fs::exists(folder / "tokenizer_config.json", error);
}

ByteLevelBpeTokenizer open_vocabulary_files(const fs::path& folder) {
  const fs::path config_path = folder / "tokenizer_config.json";
  const Json config = read_json(config_path);
  const KnownCut& cut = cut_of(config, config_path);
  ByteLevelBpeDefinition d;
  d.form = cut.form;
  d.whole_words = cut.whole_words;
  d.steps = {{SplitStep::Prefix::none, cut.pattern}};
  read_pieces(folder / "vocab.json", d);
  read_merges(folder / "merges.txt", d);
  if (d.merges.empty() && d.pieces.size() > 512) throw CheckpointError(folder / "merges.txt", "expected merges, got none");
  read_added(config, config_path, d);
  return make_tokenizer(std::move(d), folder / "vocab.json");
}

}  // namespace lacuna::text
