#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// What a family needs to know of a text tokenizer: how many ids it has, and those of its added tokens.
struct TokenNames {
  std::int32_t count = 0;  // the largest id + 1
  std::map<std::string, std::int32_t, std::less<>> ids;
  /// Ids of a text, where whoever asks has the tokenizer itself as well; else empty.
  std::function<std::vector<std::int32_t>(std::string_view)> encode;

  /// -1 when there is none of that name.
  std::int32_t find(std::string_view name) const;
};

/// From the object of a tokenizer.json. Throws weights::CheckpointError.
TokenNames token_names(const weights::Json& tokenizer, const std::filesystem::path& file);

}  // namespace lacuna::fusion
