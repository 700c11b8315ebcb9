#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tools/lacuna/model_flags.h"
#include "vision/image.h"

namespace lacuna::tools {

/// What a job takes, counted before any of it is taken, and what is there.
struct MemoryNeed {
  std::uint64_t weights = 0;  // as the engine holds them; pages of the file count where it streams them
  std::uint64_t working = 0;  // values of the largest pass and of the picture's coder
  std::uint64_t available = 0;  // 0 = unknown
  std::string heap;             // the device whose memory it is; empty = the system's

  std::uint64_t total() const { return weights + working; }
  bool too_much() const { return available > 0 && total() > available; }
  /// "needs 63.1 MiB (weights 23.1 MiB, working 40.0 MiB), has 10240.0 MiB", and " on NAME" for a device's memory.
  std::string line() const;
};

/// Words that are written after something.
struct TextSize {
  std::int64_t context = 0;  // positions before them: prompt, picture
  std::int64_t answer = 0;
};

/// Sizes of a job.
struct JobSize {
  int canvases = 1;
  bool guided = false;
  std::optional<TextSize> text = {};  // without: canvases as long as those of the training
  std::optional<vision::Size> codes = {};  // of the picture that is decoded; without: the model's
};

/// Of a job on an engine of runtime::make_executor().
MemoryNeed memory_needed(const generation::Model& model, const graph::Executor& executor, const JobSize& size);
/// On the processor in float32, without opening the model. `folder` is the model's.
MemoryNeed memory_needed(const fusion::ModelFamily& family, const std::filesystem::path& folder, const JobSize& size);

/// Says with -v what is needed. Where a device has too little and flags.falls_back(), says so and opens the model on
/// the processor instead. Throws Failure (kUnavailable) when that is more than there is.
void check_memory(MemoryNeed need, const JobSize& size, OpenedModel& opened, const ModelFlags& flags,
                  const LogFlags& log);

}  // namespace lacuna::tools
