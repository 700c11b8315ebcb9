#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"
#include "runtime/weights/safetensors.h"

namespace lacuna::weights {

/// A tensor to write; `bytes` is row-major and stays the caller's.
struct TensorData {
  std::string name;
  graph::DType dtype = graph::DType::f32;
  graph::Shape shape;
  std::span<const std::byte> bytes;
};

/// No limit for `write_checkpoint`.
inline constexpr std::uint64_t kOneShard = ~std::uint64_t{0};

/// Writes `tensors` into `folder` (made if it is missing) as model.safetensors, or, where the data
/// exceeds `max_shard_bytes`, as shards of at most that much data each with
/// model.safetensors.index.json. A tensor is never split: one that is larger than the limit gets a
/// shard of its own. `metadata` goes into every shard.
///
/// A checkpoint that is already in the folder stays readable until the new one is complete, also
/// across a crash; its files are removed after that. Shards of a new checkpoint never reuse the
/// names of shards that are there.
///
/// Throws std::invalid_argument when a tensor's bytes do not fit its dtype and shape or a name is
/// refused (see SafetensorsWriter), IoError when a file cannot be written.
void write_checkpoint(const std::filesystem::path& folder, std::span<const TensorData> tensors,
                      std::uint64_t max_shard_bytes = kOneShard, const Metadata& metadata = {});

}  // namespace lacuna::weights
