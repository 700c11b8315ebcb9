#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace lacuna::training {

/// The checkpoints of a run: folders step-N below `checkpoints/`, and a file `latest` with the name of the
/// newest. A checkpoint is written to step-N.tmp, every file fsynced, and renamed, so step-N is always whole.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  /// An empty folder to write files into; leftovers of an interrupted write are removed.
  std::filesystem::path begin(std::int64_t step) const;
  /// Makes what `begin` gave the checkpoint of that step, points `latest` at it, and removes all but the `keep`
  /// newest. Throws weights::IoError.
  void commit(std::int64_t step, std::int64_t keep) const;
  /// The newest whole checkpoint: the one that `latest` names or, where that is missing, the highest step.
  std::optional<std::filesystem::path> latest() const;
  /// Steps of all whole checkpoints, ascending.
  std::vector<std::int64_t> steps() const;

 private:
  std::filesystem::path path_of(std::int64_t step) const;
  std::filesystem::path root_;
};

}  // namespace lacuna::training
