#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fusion/models/model_family.h"
#include "tools/lacuna/log.h"

namespace lacuna::tools {

/// What a job takes, counted before any of it is taken.
struct MemoryNeed {
  std::uint64_t weights = 0;  // as the engine holds them, the file's pages not counted
  std::uint64_t working = 0;  // values of the largest pass and of the picture's coder

  std::uint64_t total() const { return weights + working; }
  /// "needs 63.1 MiB (weights 23.1 MiB, working 40.0 MiB), has 10240.0 MiB".
  std::string line() const;
};

/// Sizes of a job.
struct JobSize {
  int canvases = 1;
  bool guided = false;
  std::string precision = "f32";  // see runtime::precision_of
};

/// `folder` is the model's.
MemoryNeed memory_needed(const fusion::ModelFamily& family, const std::filesystem::path& folder,
                         const JobSize& size);

/// Says with -v what is needed. Throws Failure (kUnavailable) when that is more than there is.
void check_memory(const MemoryNeed& need, const LogFlags& log);

}  // namespace lacuna::tools
