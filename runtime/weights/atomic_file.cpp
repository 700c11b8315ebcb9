#include "runtime/weights/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <random>
#include <system_error>

#include "runtime/weights/io_error.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
constexpr ::mode_t kNewFileMode = 0666;

/// The file that a chain of symbolic links ends at, existing or not (std::filesystem::canonical
/// wants it to exist).
fs::path resolve_links(const fs::path& path) {
  constexpr int kMaxLinks = 40;
  fs::path resolved = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    const fs::path target = fs::read_symlink(resolved, error);
    if (error) return resolved;
    resolved = resolved.parent_path() / target;  // an absolute target replaces the folder
  }
  throw IoError(path, "follow the symbolic link", ELOOP);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

fs::path temporary_name(const fs::path& target, std::uint64_t random) {
  char suffix[24];
  std::snprintf(suffix, sizeof suffix, ".%016llx.tmp", static_cast<unsigned long long>(random));
  // A name at the 255-byte limit must still leave room for the suffix.
  const std::string stem = target.filename().string().substr(0, 200);
  return folder_of(target) / ("." + stem + suffix);
}

void sync_folder(const fs::path& target, const fs::path& shown) {
  const FileDescriptor folder(
      ::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw IoError(shown, "open the folder", errno);
  // Some file systems cannot sync a folder and say EINVAL; their rename is as durable as it gets.
  if (::fsync(folder.get()) != 0 && errno != EINVAL) {
    throw IoError(shown, "write the folder to disk", errno);
  }
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : path_(path), target_(resolve_links(path)) {
  if (path.filename().empty()) throw IoError(path, "create", path.empty() ? ENOENT : EISDIR);
  struct stat status {};
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw IoError(path, "replace", EISDIR);
  if (exists && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))) {
    fd_ = FileDescriptor(::open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd_) throw IoError(path, "open for writing", errno);
    return;
  }
  if (exists && !S_ISREG(status.st_mode)) {
    throw IoError(path, "replace (expected a regular file)", EINVAL);
  }
  std::random_device entropy;
  for (int attempt = 0; attempt < 16 && !fd_; ++attempt) {
    temporary_ = temporary_name(target_, (std::uint64_t{entropy()} << 32) | entropy());
    fd_ = FileDescriptor(
        ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kNewFileMode));
    if (!fd_ && errno != EEXIST) break;
  }
  if (!fd_) {
    const int error = errno;
    temporary_.clear();
    throw IoError(path, "create", error);
  }
  // Best effort: a file system without permissions is no reason to fail.
  if (exists) [[maybe_unused]]
    const int ignored = ::fchmod(fd_.get(), status.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  fd_.close();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (!fd_) throw IoError(path_, "write after the file was committed", EBADF);
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() > kBufferBytes) return write_through(bytes);
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::flush() {
  write_through(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
}

void AtomicFile::write_through(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw IoError(path_, "write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  if (!fd_) throw IoError(path_, "commit twice", EBADF);
  flush();
  if (temporary_.empty()) {
    if (fd_.close() != 0) throw IoError(path_, "write", errno);
    return;
  }
  if (::fsync(fd_.get()) != 0) throw IoError(path_, "write to disk", errno);
  if (fd_.close() != 0) throw IoError(path_, "write", errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw IoError(path_, "move the finished file into place", errno);
  }
  temporary_.clear();
  sync_folder(target_, path_);
}

bool is_temporary_name(std::string_view name, std::string_view target_prefix) {
  constexpr std::size_t kSuffixBytes = 1 + 16 + 4;  // ".", the random number, ".tmp"
  if (name.size() < 1 + target_prefix.size() + kSuffixBytes || !name.starts_with('.') ||
      !name.ends_with(".tmp")) {
    return false;
  }
  const std::string_view random = name.substr(name.size() - kSuffixBytes + 1, 16);
  return name.substr(1).starts_with(target_prefix) && name[name.size() - kSuffixBytes] == '.' &&
         random.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void write_file_atomic(const fs::path& path, std::span<const std::byte> content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void write_file_atomic(const fs::path& path, std::string_view content) {
  write_file_atomic(path, std::as_bytes(std::span(content)));
}

}  // namespace lacuna::weights
