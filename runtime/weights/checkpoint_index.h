#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lacuna::weights {

/// File names of a checkpoint in Hugging Face layout.
inline constexpr const char* kSingleFileName = "model.safetensors";
inline constexpr const char* kIndexFileName = "model.safetensors.index.json";

/// The content of a *.safetensors.index.json file.
struct CheckpointIndex {
  /// (tensor, shard file) in file order. Shard files are plain names in the index's folder.
  std::vector<std::pair<std::string, std::string>> shard_of;

  /// The shard files, sorted, each once.
  std::vector<std::string> files() const;
};

/// Throws IoError, and CheckpointError for anything but a `weight_map` from tensor names to at most
/// 4,096 plain file names (no folders, no leading dot, ending in .safetensors).
CheckpointIndex read_checkpoint_index(const std::filesystem::path& path);

}  // namespace lacuna::weights
