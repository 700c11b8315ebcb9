#pragma once

#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace lacuna::weights {

/// The operating system refused a file operation. `what()` names the path, the operation and the
/// system's reason
/// ("out/a.png: cannot write: No space left on device").
class IoError : public std::runtime_error {
 public:
  /// `error` is an errno value.
  IoError(const std::filesystem::path& path, std::string_view operation, int error);

  const std::filesystem::path& path() const { return path_; }
  /// The errno value: ENOENT, EACCES, ENOSPC, ...
  int error() const { return error_; }

 private:
  std::filesystem::path path_;
  int error_;
};

}  // namespace lacuna::weights
