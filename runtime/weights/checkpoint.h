#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fusion/graph/page_release.h"
#include "fusion/graph/weight_source.h"
#include "runtime/weights/safetensors.h"

namespace lacuna::weights {

/// The weights of a model folder: one safetensors file or several with an index, mapped into
/// memory.
///
/// A tensor X of dtype I8 with at least two axes is a quantised weight: it needs an F32 tensor
/// X_scale of shape [rows of X], which becomes its `row_scale` and is not listed on its own. Block-quantised
/// weights have F16 factors X_scale (and X_minimum) instead: see fusion/graph/block_format.h.
///
/// Immutable after `open`; safe to read from several threads. Views live as long as the Checkpoint.
class Checkpoint : public graph::WeightSource, public graph::PageRelease {
 public:
  /// Opens `path`, a .safetensors file, a *.index.json file, or a folder that holds, in this order
  /// of preference, model.safetensors, model.safetensors.index.json, pytorch_model.safetensors or
  /// diffusion_pytorch_model.safetensors. An index and its shards must agree about every tensor.
  /// Throws IoError when a file cannot be read, CheckpointError when one is broken, or is a PyTorch pickle.
  static Checkpoint open(const std::filesystem::path& path);

  /// Aligned for the dtype. O(1).
  const graph::WeightView* find(std::string_view name) const override;

  void release_pages(std::string_view name) const override;

  /// Names that `find` knows, sorted.
  std::span<const std::string> names() const { return names_; }
  /// Bytes of all tensors, row scales included.
  std::uint64_t total_bytes() const { return total_bytes_; }
  /// `__metadata__` of the shards together; where several have a key, the first shard's value.
  const Metadata& metadata() const { return metadata_; }
  /// The weights file, or the index where there is one; for messages.
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Checkpoint() = default;
  void add_shard(const std::filesystem::path& file);
  void read_index();
  void refuse_extra_shards(std::span<const std::string> files) const;
  void attach_scales();
  /// Whether `view` is block-quantised; if so it gets its factors, and their names join `scale_names`.
  bool attach_block_scales(const std::string& name, graph::WeightView& view,
                           std::vector<std::string>& scale_names);
  std::span<const std::byte> aligned(std::span<const std::byte> bytes, graph::DType dtype);

  std::filesystem::path path_;
  std::vector<SafetensorsFile> shards_;
  /// Copies of the few tensors that lie at an address their dtype does not allow.
  std::deque<std::vector<std::uint64_t>> realigned_;
  std::unordered_map<std::string, graph::WeightView, Hash, std::equal_to<>> weights_;
  std::vector<std::string> names_;
  std::uint64_t total_bytes_ = 0;
  Metadata metadata_;
};

}  // namespace lacuna::weights
