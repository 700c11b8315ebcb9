#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace lacuna::weights {

/// A model file (weights, index, config, tokenizer) that is broken or does not fit the model.
/// `what()` is "PATH: MESSAGE" or "PATH: byte N: MESSAGE".
class CheckpointError : public std::runtime_error {
 public:
  CheckpointError(const std::filesystem::path& path, std::string_view message);
  /// `byte_offset` counts from the start of the file.
  CheckpointError(const std::filesystem::path& path, std::uint64_t byte_offset,
                  std::string_view message);

  const std::filesystem::path& path() const { return path_; }
  std::optional<std::uint64_t> byte_offset() const { return byte_offset_; }

 private:
  std::filesystem::path path_;
  std::optional<std::uint64_t> byte_offset_;
};

}  // namespace lacuna::weights
