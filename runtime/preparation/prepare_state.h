#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/training/shards/shard_index.h"
#include "runtime/preparation/prepare.h"
#include "runtime/weights/json.h"

namespace lacuna::preparation {

/// One step of a run: a shard, or nothing where all its pictures were bad.
struct FinishedShard {
  std::optional<training::ShardEntry> entry;
  std::vector<BadPicture> bad;
};

/// How far a run has come; kept in the output folder until the run is complete. Internal to this
/// folder.
struct PrepareState {
  static constexpr std::string_view kFileName = "prepare-state.json";

  weights::Json settings = weights::Json::object();
  std::vector<FinishedShard> finished;
};

/// None when the folder has no such file. Throws weights::IoError, weights::CheckpointError.
std::optional<PrepareState> read_prepare_state(const std::filesystem::path& folder);

/// Atomic. Throws weights::IoError.
void write_prepare_state(const std::filesystem::path& folder, const PrepareState& state);

/// "resolution: 64 there, 128 now; ..." for the members that differ; empty for equal settings.
std::string difference(const weights::Json& there, const weights::Json& now);

}  // namespace lacuna::preparation
