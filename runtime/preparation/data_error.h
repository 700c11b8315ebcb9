#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lacuna::preparation {

/// Training data that cannot be used: a caption table that breaks its format, or too many bad
/// pictures. `what()` is "PATH: MESSAGE", "PATH: line N: MESSAGE" or
/// "PATH: line N, column "NAME": MESSAGE".
class DataError : public std::runtime_error {
 public:
  DataError(const std::filesystem::path& path, std::string_view message)
      : std::runtime_error(path.string() + ": " + std::string(message)) {}
  DataError(const std::filesystem::path& path, std::size_t line, std::string_view message)
      : std::runtime_error(path.string() + ": line " + std::to_string(line) + ": " +
                           std::string(message)) {}
  DataError(const std::filesystem::path& path, std::size_t line, std::string_view column,
            std::string_view message)
      : std::runtime_error(path.string() + ": line " + std::to_string(line) + ", column \"" +
                           std::string(column) + "\": " + std::string(message)) {}
};

}  // namespace lacuna::preparation
