#pragma once

#include <filesystem>
#include <vector>

#include "fusion/training/shards/shard_set.h"
#include "fusion/training/tensors.h"

namespace lacuna::training {

/// All pictures of some splits of a pixel set, resident on a device as bytes.
class PixelSet {
 public:
  /// The records of `split`; at most `limit` of them, spread evenly (0 = all). Throws std::invalid_argument for
  /// token shards.
  PixelSet(const ShardSet& shards, Split split, std::int64_t limit, at::Device device);

  std::int64_t size() const { return std::int64_t(records_.size()); }
  /// By picture: its record, its number in that, and its sampling weight.
  const std::vector<std::int64_t>& records() const { return records_; }
  const std::vector<float>& weights() const { return weights_; }

  /// float32 [B, 3, H, W] in [-1, 1].
  at::Tensor batch(const std::vector<std::int32_t>& pictures) const;

 private:
  at::Tensor pixels_;  // uint8 [N, H, W, 3]
  std::vector<std::int64_t> records_;
  std::vector<float> weights_;
};

/// uint8 [.., H, W, 3] -> float32 [.., 3, H, W] in [-1, 1], and back.
at::Tensor pixels_to_real(const at::Tensor& bytes);
at::Tensor real_to_pixels(const at::Tensor& real);

}  // namespace lacuna::training
