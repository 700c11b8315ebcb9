#include "runtime/weights/checkpoint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <system_error>

#include "fusion/graph/block_format.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/checkpoint_index.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 5> kFileNames = {
    kSingleFileName, kIndexFileName, "pytorch_model.safetensors",
    "pytorch_model.safetensors.index.json", "diffusion_pytorch_model.safetensors"};

bool is_index(const fs::path& path) { return path.filename().string().ends_with(".index.json"); }

fs::path find_weights(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return path;
  for (const char* name : kFileNames) {
    if (fs::exists(path / name, error)) return path / name;
  }
  throw IoError(path / kSingleFileName, "find the model's weights", ENOENT);
}

/// "f16[4, 2]".
std::string described(const graph::WeightView& view) {
  return std::string(graph::name_of(view.dtype)) + view.shape.to_string();
}

}  // namespace

Checkpoint Checkpoint::open(const fs::path& path) {
  Checkpoint checkpoint;
  checkpoint.path_ = find_weights(path);
  if (is_index(checkpoint.path_)) {
    checkpoint.read_index();
  } else {
    checkpoint.add_shard(checkpoint.path_);
  }
  checkpoint.attach_scales();
  for (const auto& [name, view] : checkpoint.weights_) checkpoint.names_.push_back(name);
  std::sort(checkpoint.names_.begin(), checkpoint.names_.end());
  return checkpoint;
}

void Checkpoint::add_shard(const fs::path& file) {
  const SafetensorsFile& shard = shards_.emplace_back(file);
  for (const SafetensorsEntry& entry : shard.header().entries) {
    const graph::WeightView view{
        entry.dtype, entry.shape, aligned(shard.bytes(entry), entry.dtype), {}};
    if (!weights_.emplace(entry.name, view).second) {
      throw CheckpointError(
          file, entry.offset,
          "tensor " + in_quotes(entry.name, 512) + " is in another shard as well");
    }
    total_bytes_ += entry.size;
  }
  for (const auto& [key, value] : shard.header().metadata) {
    const auto same_key = [&key = key](const auto& pair) { return pair.first == key; };
    if (std::none_of(metadata_.begin(), metadata_.end(), same_key)) {
      metadata_.emplace_back(key, value);
    }
  }
}

void Checkpoint::read_index() {
  const CheckpointIndex index = read_checkpoint_index(path_);
  const fs::path folder = path_.parent_path();
  const std::vector<std::string> files = index.files();
  shards_.reserve(files.size());
  for (const std::string& file : files) {
    std::error_code error;
    if (!fs::exists(folder / file, error)) {
      throw CheckpointError(path_, "names the shard " + in_quotes(file) +
                                       ", which is not there; is the download complete?");
    }
    add_shard(folder / file);
  }
  // Compared as sorted lists of (tensor, shard): the first difference names the culprit.
  std::vector<std::pair<std::string, std::string>> expected = index.shard_of, found;
  for (const SafetensorsFile& shard : shards_) {
    for (const SafetensorsEntry& entry : shard.header().entries) {
      found.emplace_back(entry.name, shard.path().filename().string());
    }
  }
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  const auto [want, got] =
      std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
  const bool missing = want != expected.end() && (got == found.end() || *want < *got);
  if (missing) {
    throw CheckpointError(path_, "tensor " + in_quotes(want->first, 512) +
                                     " should be in the shard " + in_quotes(want->second) +
                                     ", which does not have it");
  }
  if (got != found.end()) {
    throw CheckpointError(path_, "the shard " + in_quotes(got->second) + " has a tensor " +
                                     in_quotes(got->first, 512) +
                                     " that the index does not put there");
  }
}

void Checkpoint::attach_scales() {
  std::vector<std::string> scale_names;
  for (auto& [name, view] : weights_) {
    if (attach_block_scales(name, view, scale_names)) continue;
    if (view.dtype != graph::DType::i8 || view.shape.rank() < 2) continue;
    const std::string scale_name = name + "_scale";
    const auto scale = weights_.find(scale_name);
    const graph::Shape expected = {view.shape[0]};
    if (scale == weights_.end() || scale->second.dtype != graph::DType::f32 ||
        scale->second.shape != expected) {
      throw CheckpointError(
          path_, "tensor " + in_quotes(name, 512) + " has 8-bit integers and needs a tensor " +
                     in_quotes(scale_name, 512) + " F32" + expected.to_string() + " or, in blocks, F16[" +
                     std::to_string(view.shape[0]) + ", columns / 32], got " +
                     (scale == weights_.end() ? "none" : described(scale->second)));
    }
    const std::span<const std::byte> bytes = scale->second.bytes;
    view.row_scale = {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
    for (const float factor : view.row_scale) {
      if (!std::isfinite(factor) || factor < 0) {
        throw CheckpointError(path_, "tensor " + in_quotes(scale_name, 512) +
                                         ": expected finite factors of 0 or more, got " +
                                         std::to_string(factor));
      }
    }
    scale_names.push_back(scale_name);
  }
  for (const std::string& name : scale_names) weights_.erase(name);
}

bool Checkpoint::attach_block_scales(const std::string& name, graph::WeightView& view,
                                     std::vector<std::string>& scale_names) {
  const bool bytes = view.dtype == graph::DType::i8, nibbles = view.dtype == graph::DType::u8;
  if ((!bytes && !nibbles) || view.shape.rank() != 2) return false;
  const std::string scale_name = name + "_scale", minimum_name = name + "_minimum";
  const auto scale = weights_.find(scale_name), minimum = weights_.find(minimum_name);
  if (scale == weights_.end() || scale->second.dtype != graph::DType::f16) return false;
  graph::WeightView quantised = view;
  quantised.dtype = bytes ? graph::DType::q8_0 : minimum == weights_.end() ? graph::DType::q4_0 : graph::DType::q4_1;
  if (nibbles) {
    if (view.shape[1] > std::numeric_limits<std::int64_t>::max() / 2) return false;  // no such file can be
    quantised.shape = view.shape.with(1, 2 * view.shape[1]);
  }
  const graph::Shape expected = {quantised.shape[0], quantised.shape[1] / graph::kBlock};
  const auto factors = [&](const std::string& of, const graph::WeightView& stored) {
    if (stored.dtype != graph::DType::f16 || stored.shape != expected || quantised.shape[1] % graph::kBlock != 0) {
      throw CheckpointError(path_, "tensor " + in_quotes(name, 512) + " is " + described(view) +
                                       " in blocks of 32 weights and needs a tensor " + in_quotes(of, 512) + " f16" +
                                       expected.to_string() + ", got " + described(stored));
    }
    const std::span<const std::uint16_t> bits = {reinterpret_cast<const std::uint16_t*>(stored.bytes.data()),
                                                 stored.bytes.size() / sizeof(std::uint16_t)};
    for (const std::uint16_t half : bits) {
      if ((half & 0x7C00u) == 0x7C00u) {
        throw CheckpointError(path_, "tensor " + in_quotes(of, 512) + ": expected finite factors, got " +
                                         std::to_string(graph::f32_from_f16_bits(half)));
      }
    }
    scale_names.push_back(of);
    return bits;
  };
  quantised.block_scale = factors(scale_name, scale->second);
  if (quantised.dtype == graph::DType::q4_1) quantised.block_minimum = factors(minimum_name, minimum->second);
  view = quantised;
  return true;
}

std::span<const std::byte> Checkpoint::aligned(std::span<const std::byte> bytes,
                                               graph::DType dtype) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % graph::size_of(dtype) == 0) return bytes;
  auto& copy = realigned_.emplace_back((bytes.size() + 7) / 8);
  // An empty tensor's position may be unaligned as well, and then there is nothing to copy.
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return std::as_bytes(std::span(copy)).first(bytes.size());
}

const graph::WeightView* Checkpoint::find(std::string_view name) const {
  const auto found = weights_.find(name);
  return found == weights_.end() ? nullptr : &found->second;
}

}  // namespace lacuna::weights
