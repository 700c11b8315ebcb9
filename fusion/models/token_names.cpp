#include "fusion/models/token_names.h"

#include <algorithm>

#include "runtime/weights/checkpoint_error.h"

namespace lacuna::fusion {
namespace {

using weights::Json;

constexpr std::int64_t kMaxId = 1 << 24;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& message) {
  throw weights::CheckpointError(file, message);
}

const Json& member(const Json& object, std::string_view key, const std::filesystem::path& file) {
  const Json* value = object.is_object() ? object.find(key) : nullptr;
  if (!value) fail(file, "expected a tokenizer with the field \"" + std::string(key) + "\"");
  return *value;
}

std::int32_t checked_id(const Json& id, const std::filesystem::path& file) {
  if (!id.is_integer() || id.as_integer() < 0 || id.as_integer() >= kMaxId) {
    fail(file, "expected token ids in [0, 2^24), got " + id.describe());
  }
  return std::int32_t(id.as_integer());
}

}  // namespace

std::int32_t TokenNames::find(std::string_view name) const {
  const auto at = ids.find(name);
  return at == ids.end() ? -1 : at->second;
}

TokenNames token_names(const Json& tokenizer, const std::filesystem::path& file) {
  TokenNames names;
  const auto seen = [&](std::int32_t id) { names.count = std::max(names.count, id + 1); };
  const Json& vocabulary = member(member(tokenizer, "model", file), "vocab", file);
  if (!vocabulary.is_object()) fail(file, "expected model.vocab to map pieces to ids");
  for (const auto& piece : vocabulary.as_object()) seen(checked_id(piece.value, file));
  const Json* added = tokenizer.find("added_tokens");
  if (!added || added->is_null()) return names;
  if (!added->is_array()) fail(file, "expected added_tokens to be an array");
  for (const Json& token : added->as_array()) {
    const Json& content = member(token, "content", file);
    if (!content.is_string()) fail(file, "expected the content of an added token to be a string");
    const std::int32_t id = checked_id(member(token, "id", file), file);
    seen(id);
    names.ids[content.as_string()] = id;
  }
  return names;
}

}  // namespace lacuna::fusion
