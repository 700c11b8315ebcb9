#include "runtime/weights/checkpoint_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint_index.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/safetensors_writer.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

/// Tensors of one file, as positions in the caller's list.
using Group = std::vector<std::size_t>;

void check_tensors(std::span<const TensorData> tensors) {
  std::vector<std::string_view> names;
  for (const TensorData& tensor : tensors) {
    const std::uint64_t expected = checked_nbytes(tensor.dtype, tensor.shape.sizes());
    if (tensor.bytes.size() != expected) {
      throw std::invalid_argument("[write_checkpoint] expected " + std::to_string(expected) +
                                  " bytes for " + in_quotes(tensor.name) + ", got " +
                                  std::to_string(tensor.bytes.size()));
    }
    names.push_back(tensor.name);
  }
  // The writer of a shard sees only its own tensors.
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    throw std::invalid_argument("[write_checkpoint] expected each tensor once, got " +
                                in_quotes(*twice) + " twice");
  }
}

std::vector<Group> split(std::span<const TensorData> tensors, std::uint64_t max_shard_bytes) {
  std::vector<Group> groups(1);
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t size = tensors[i].bytes.size();
    if (!groups.back().empty() && (size > max_shard_bytes || used > max_shard_bytes - size)) {
      groups.emplace_back();
      used = 0;
    }
    groups.back().push_back(i);
    used += size;
  }
  return groups;
}

void write_file(const fs::path& path, std::span<const TensorData> tensors, Group group,
                const Metadata& metadata) {
  // Wide dtypes first, so that every tensor is aligned in the file.
  std::stable_sort(group.begin(), group.end(), [&](std::size_t a, std::size_t b) {
    return graph::size_of(tensors[a].dtype) > graph::size_of(tensors[b].dtype);
  });
  std::vector<TensorSpec> specs;
  for (const std::size_t i : group) {
    specs.push_back({tensors[i].name, tensors[i].dtype, tensors[i].shape});
  }
  SafetensorsWriter writer(path, std::move(specs), metadata);
  for (const std::size_t i : group) writer.write(tensors[i].bytes);
  writer.finish();
}

/// "model-00001-of-00003.safetensors"; from the second generation on
/// "model-g2-00001-of-00003.safetensors".
std::string shard_name(int generation, std::size_t shard, std::size_t shards) {
  char buffer[80];
  if (generation <= 1) {
    std::snprintf(buffer, sizeof buffer, "model-%05zu-of-%05zu.safetensors", shard, shards);
  } else {
    std::snprintf(buffer, sizeof buffer, "model-g%d-%05zu-of-%05zu.safetensors", generation, shard,
                  shards);
  }
  return buffer;
}

/// The generation of a shard file that this writer made, or nothing for any other file.
std::optional<int> generation_of(const std::string& name) {
  int generation = 0, consumed = 0;
  std::size_t shard = 0, shards = 0;
  if (std::sscanf(name.c_str(), "model-%5zu-of-%5zu.safetensors%n", &shard, &shards, &consumed) ==
          2 &&
      name == shard_name(1, shard, shards)) {
    return 1;
  }
  if (std::sscanf(name.c_str(), "model-g%9d-%5zu-of-%5zu.safetensors%n", &generation, &shard,
                  &shards, &consumed) == 3 &&
      generation > 1 && name == shard_name(generation, shard, shards)) {
    return generation;
  }
  return std::nullopt;
}

/// Shards that are in the folder, and what an interrupted run left of such files.
std::vector<std::string> old_files(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (generation_of(name) || is_temporary_name(name, "model")) files.push_back(std::move(name));
  }
  if (error) throw IoError(folder, "list the folder", error.value());
  return files;
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw IoError(path, "remove the file of an older checkpoint", error.value());
}

int next_generation(std::span<const std::string> files) {
  int generation = 1;
  for (const std::string& name : files) {
    generation = std::max(generation, generation_of(name).value_or(0) + 1);
  }
  return generation;
}

/// Removes the files that were added to it, unless they are kept.
class NewFiles {
 public:
  NewFiles() = default;
  NewFiles(NewFiles&&) = delete;
  ~NewFiles() {
    std::error_code ignored;
    for (const fs::path& path : paths_) fs::remove(path, ignored);
  }
  void add(const fs::path& path) { paths_.push_back(path); }
  void keep() { paths_.clear(); }

 private:
  std::vector<fs::path> paths_;
};

void write_shards(const fs::path& folder, std::span<const TensorData> tensors,
                  std::span<const Group> groups, int generation, const Metadata& metadata) {
  NewFiles shards;
  Json::Object map;
  std::uint64_t total = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::string name = shard_name(generation, g + 1, groups.size());
    write_file(folder / name, tensors, groups[g], metadata);
    shards.add(folder / name);
    for (const std::size_t i : groups[g]) {
      map.push_back({tensors[i].name, Json(name)});
      total += tensors[i].bytes.size();
    }
  }
  std::sort(map.begin(), map.end(),
            [](const JsonMember& a, const JsonMember& b) { return a.key < b.key; });
  Json index = Json::object();
  index.set("metadata", Json::object().set("total_size", total));
  index.set("weight_map", Json(std::move(map)));
  // From here on an error may come after the index is visible (the folder's fsync), so the shards
  // have to stay.
  shards.keep();
  write_json_file(folder / kIndexFileName, index);
}

}  // namespace

void write_checkpoint(const fs::path& folder, std::span<const TensorData> tensors,
                      std::uint64_t max_shard_bytes, const Metadata& metadata) {
  check_tensors(tensors);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(folder, "create the folder", error.value());
  const std::vector<Group> groups = split(tensors, max_shard_bytes);
  const std::vector<std::string> old = old_files(folder);
  if (groups.size() == 1) {
    // A reader prefers the single file, so this rename is the moment of the change.
    write_file(folder / kSingleFileName, tensors, groups[0], metadata);
    remove_file(folder / kIndexFileName);
  } else {
    write_shards(folder, tensors, groups, next_generation(old), metadata);
    // Only now may a reader fall through to the index.
    remove_file(folder / kSingleFileName);
  }
  for (const std::string& name : old) remove_file(folder / name);
}

}  // namespace lacuna::weights
