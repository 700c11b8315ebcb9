#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/weights/checkpoint_error.h"

namespace lacuna::preparation {

/// Training data that cannot be used, a bad file like a broken model: a caption table that breaks
/// its format, or too many bad pictures. `what()` is "PATH: MESSAGE", "PATH: line N: MESSAGE" or
/// "PATH: line N, column "NAME": MESSAGE".
class DataError : public weights::CheckpointError {
 public:
  DataError(const std::filesystem::path& path, std::string_view message)
      : CheckpointError(path, message) {}
  DataError(const std::filesystem::path& path, std::size_t line, std::string_view message)
      : CheckpointError(path, "line " + std::to_string(line) + ": " + std::string(message)) {}
  DataError(const std::filesystem::path& path, std::size_t line, std::string_view column,
            std::string_view message)
      : CheckpointError(path, "line " + std::to_string(line) + ", column \"" + std::string(column) +
                                  "\": " + std::string(message)) {}
};

}  // namespace lacuna::preparation
