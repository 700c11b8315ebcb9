#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace lacuna::vision {

/// A picture that cannot be read, or a format that cannot be written (a write that the system
/// refuses is a lacuna::weights::IoError). `what()` is "path: reason"; the reason says what was
/// expected and what to do.
class ImageError : public std::runtime_error {
 public:
  enum class Kind {
    not_found,    ///< no file of that name
    unreadable,   ///< it is there but cannot be read (rights, a folder, a read error)
    unsupported,  ///< a format, or a variant of one, that is not read or written here
    malformed,    ///< truncated or damaged, or not a picture at all
    mismatch,     ///< two pictures that belong together differ in size
    too_large,    ///< beyond the limits that the caller set, or beyond memory
  };

  ImageError(Kind kind, std::string path, std::string reason)
      : std::runtime_error(path + ": " + reason),
        kind_(kind),
        path_(std::move(path)),
        reason_(std::move(reason)) {}

  Kind kind() const noexcept { return kind_; }
  /// The file's path, or the name given for bytes in memory.
  const std::string& path() const noexcept { return path_; }
  /// The message without the path.
  const std::string& reason() const noexcept { return reason_; }

 private:
  Kind kind_;
  std::string path_;
  std::string reason_;
};

}  // namespace lacuna::vision
