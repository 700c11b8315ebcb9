#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace lacuna::weights {

/// A whole regular file mapped into memory, read-only. The size is fixed at opening; a file that
/// another process truncates while it is mapped raises SIGBUS on access, as with every mapping.
class MappedFile {
 public:
  /// Throws IoError when the file cannot be opened or is a folder, pipe, socket or device.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  /// Page-aligned; empty for an empty file. Lives as long as this object, and moves along with it.
  std::span<const std::byte> bytes() const { return {data_, size_}; }

  /// Lets the system take back what reading this part of the file has brought into memory; it is read again when
  /// it is touched. For those who read a file once from end to end. Out of range is cut off.
  void release_pages(std::uint64_t offset, std::uint64_t size) const noexcept;

 private:
  void release() noexcept;

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The content of a regular file of at most `max_bytes`. Throws IoError (EFBIG when it is longer).
std::string read_regular_file(const std::filesystem::path& path, std::uint64_t max_bytes);

}  // namespace lacuna::weights
