#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "runtime/weights/file_descriptor.h"

namespace lacuna::weights {

/// A file that appears under its name only when it is complete. Bytes go to a hidden temporary file
/// in the same folder; `commit` fsyncs it, renames it over the target and fsyncs the folder.
/// Without `commit` the temporary is removed and an existing target stays as it was.
///
/// A symbolic link as target is followed. A pipe or character device (/dev/null) is written
/// directly, because nothing may be renamed over it.
class AtomicFile {
 public:
  /// Creates the temporary. Throws IoError when the folder is missing or not writable or the target
  /// is a folder.
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(AtomicFile&&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Appends. Throws IoError, with ENOSPC when the disk is full.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  /// Makes the file visible; call it once, last. Throws IoError; the target is then untouched,
  /// unless only the folder could not be fsynced.
  void commit();

 private:
  void flush();
  void write_through(std::span<const std::byte> bytes);

  std::filesystem::path path_;       // as the caller named it, for messages
  std::filesystem::path target_;     // links resolved
  std::filesystem::path temporary_;  // empty when the target is written directly or is committed
  FileDescriptor fd_;
  std::string buffer_;
};

/// Whether `name` is what AtomicFile calls its temporary for a target whose name starts with
/// `target_prefix`; a process that was killed leaves such files behind.
bool is_temporary_name(std::string_view name, std::string_view target_prefix);

/// Writes `content` to `path` in one go, as AtomicFile does. Throws IoError.
void write_file_atomic(const std::filesystem::path& path, std::string_view content);
void write_file_atomic(const std::filesystem::path& path, std::span<const std::byte> content);

}  // namespace lacuna::weights
