#include "runtime/weights/checkpoint_index.h"

#include <algorithm>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

constexpr std::size_t kMaxShards = 4096;

/// A name that cannot lead out of the index's folder.
bool is_plain_shard_name(const std::string& name) {
  return name.ends_with(".safetensors") && name.size() <= 255 && !name.starts_with('.') &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

}  // namespace

std::vector<std::string> CheckpointIndex::files() const {
  std::vector<std::string> files;
  for (const auto& [tensor, file] : shard_of) files.push_back(file);
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

CheckpointIndex read_checkpoint_index(const std::filesystem::path& path) {
  const Json json = read_json_file(path);
  const Json* map = json.is_object() ? json.find("weight_map") : nullptr;
  if (map == nullptr || !map->is_object()) {
    throw CheckpointError(path, "expected an object with an object \"weight_map\"");
  }
  CheckpointIndex index;
  for (const JsonMember& member : map->as_object()) {
    if (!member.value.is_string() || !is_plain_shard_name(member.value.as_string())) {
      throw CheckpointError(path, "weight_map: tensor " + in_quotes(member.key, 512) +
                                      ": expected the name of a .safetensors file in the same "
                                      "folder, got " +
                                      member.value.describe());
    }
    index.shard_of.emplace_back(member.key, member.value.as_string());
  }
  if (const std::size_t shards = index.files().size(); shards > kMaxShards) {
    throw CheckpointError(path, "expected at most " + std::to_string(kMaxShards) + " shards, got " +
                                    std::to_string(shards));
  }
  return index;
}

}  // namespace lacuna::weights
