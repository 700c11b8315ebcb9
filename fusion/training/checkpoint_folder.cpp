#include "fusion/training/checkpoint_folder.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/file_descriptor.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::training {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLatest = "latest";
constexpr std::string_view kPrefix = "step-";

void check(const std::error_code& error, const fs::path& path, const char* operation) {
  if (error) throw weights::IoError(path, operation, error.value());
}

/// Makes the names in a folder last through a power cut.
void sync_folder(const fs::path& folder) {
  const weights::FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) throw weights::IoError(folder, "cannot sync", errno);
}

std::optional<std::int64_t> step_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with(kPrefix)) return {};
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (parsed.ec != std::errc() || parsed.ptr != end) return {};
  return step;
}

}  // namespace

fs::path CheckpointFolder::path_of(std::int64_t step) const { return root_ / (std::string(kPrefix) + std::to_string(step)); }

fs::path CheckpointFolder::begin(std::int64_t step) const {
  std::error_code error;
  fs::create_directories(root_, error);
  check(error, root_, "cannot make folder");
  for (const auto& entry : fs::directory_iterator(root_)) {
    const auto extension = entry.path().extension();
    if (extension == ".tmp" || extension == ".old") fs::remove_all(entry.path(), error);
  }
  const fs::path folder = path_of(step).concat(".tmp");
  fs::create_directory(folder, error);
  check(error, folder, "cannot make folder");
  return folder;
}

void CheckpointFolder::commit(std::int64_t step, std::int64_t keep) const {
  std::error_code error;
  const fs::path target = path_of(step), temporary = fs::path(target).concat(".tmp");
  sync_folder(temporary);
  if (fs::exists(target)) {
    const fs::path old = fs::path(target).concat(".old");
    fs::rename(target, old, error);
    check(error, target, "cannot rename");
  }
  fs::rename(temporary, target, error);
  check(error, temporary, "cannot rename");
  sync_folder(root_);
  weights::write_file_atomic(root_ / kLatest, target.filename().string() + "\n");
  fs::remove_all(fs::path(target).concat(".old"), error);
  auto all = steps();
  std::erase(all, step);
  while (std::int64_t(all.size()) >= std::max<std::int64_t>(1, keep)) {
    // Renamed first: a checkpoint that is half removed must not look whole.
    const fs::path old = path_of(all.front()).concat(".old");
    fs::rename(path_of(all.front()), old, error);
    fs::remove_all(old, error);
    all.erase(all.begin());
  }
}

std::vector<std::int64_t> CheckpointFolder::steps() const {
  std::vector<std::int64_t> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    if (const auto step = step_of(entry.path()); step && entry.is_directory()) found.push_back(*step);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<fs::path> CheckpointFolder::latest() const {
  if (fs::exists(root_ / kLatest)) {
    std::string name = weights::read_regular_file(root_ / kLatest, 4096);
    while (!name.empty() && (name.back() == '\n' || name.back() == '\r')) name.pop_back();
    const fs::path folder = root_ / fs::path(name).filename();
    if (step_of(folder) && fs::is_directory(folder)) return folder;
  }
  const auto all = steps();
  if (all.empty()) return {};
  return path_of(all.back());
}

}  // namespace lacuna::training
