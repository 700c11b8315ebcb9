#pragma once

#include <functional>
#include <string>

#include "fusion/training/augmentation.h"
#include "fusion/training/option_table.h"

namespace lacuna::training {

/// Settings of `lacuna-train encode`.
struct EncodeOptions {
  std::string data;       // folder of pixel shards
  std::string tokenizer;  // folder of a trained image tokenizer
  std::string output_dir;
  std::string device = "auto";
  std::string mixed_precision = "no";
  std::int64_t copies = 8;
  std::int64_t batch_size = 64;
  std::int64_t seed = 0;
  std::int64_t shard_size_mb = 30;
  std::int64_t threads = 0;  // 0 = what torch chooses
  AugmentOptions augmentation{0.05, 0.06, 3.0, 0.0, 0.0};

  void describe(OptionTable& table);
};

/// Turns shards of pixels into shards of codes: each training picture `copies` times, moved and turned a little
/// (the first copy as it is), held-out pictures once. Captions are carried over.
/// Throws weights::IoError, weights::CheckpointError, std::invalid_argument.
void encode_shards(const EncodeOptions& options, at::Device device,
                   const std::function<void(const std::string&)>& progress);

}  // namespace lacuna::training
