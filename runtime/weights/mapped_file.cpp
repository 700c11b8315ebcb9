#include "runtime/weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/weights/file_descriptor.h"
#include "runtime/weights/io_error.h"

namespace lacuna::weights {
namespace {

struct OpenFile {
  FileDescriptor fd;
  std::uint64_t size = 0;
};

OpenFile open_regular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe for reading would otherwise wait for a writer.
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) throw IoError(path, "open", errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw IoError(path, "inspect", errno);
  if (S_ISDIR(status.st_mode)) throw IoError(path, "read as a file", EISDIR);
  if (!S_ISREG(status.st_mode)) {
    throw IoError(path, "read (expected a regular file, got a pipe, socket or device)", EINVAL);
  }
  return {std::move(fd), static_cast<std::uint64_t>(status.st_size)};
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const OpenFile file = open_regular(path);
  if (file.size == 0) return;
  if (!std::in_range<std::size_t>(file.size)) throw IoError(path, "map", EFBIG);
  size_ = static_cast<std::size_t>(file.size);
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd.get(), 0);
  if (address == MAP_FAILED) throw IoError(path, "map", errno);
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

MappedFile::~MappedFile() { release(); }

void MappedFile::release() noexcept {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  data_ = nullptr;
  size_ = 0;
}

void MappedFile::release_pages(std::uint64_t offset, std::uint64_t size) const noexcept {
  if (offset >= size_) return;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = (offset + page - 1) / page * page;  // neighbours share the pages at both ends
  const std::uint64_t end = (offset + std::min<std::uint64_t>(size, size_ - offset)) / page * page;
  if (begin >= end) return;
  ::madvise(const_cast<std::byte*>(data_) + begin, static_cast<std::size_t>(end - begin), MADV_DONTNEED);
}

std::string read_regular_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const OpenFile file = open_regular(path);
  if (file.size > max_bytes) {
    throw IoError(path, "read more than " + std::to_string(max_bytes) + " bytes", EFBIG);
  }
  std::string content(static_cast<std::size_t>(file.size), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t got = ::read(file.fd.get(), content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(path, "read", errno);
    if (got == 0) break;  // shortened meanwhile; the caller sees what is there
    done += static_cast<std::size_t>(got);
  }
  content.resize(done);
  return content;
}

}  // namespace lacuna::weights
