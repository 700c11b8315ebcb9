#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fusion/models/model_family.h"
#include "fusion/training/shards/shard_set.h"
#include "fusion/training/tensors.h"
#include "fusion/training/torch_executor.h"

namespace lacuna::training {

/// Runs the inference code (denoise loop, samplers) on weights in training.
class DenoiserEvaluation {
 public:
  DenoiserEvaluation(std::shared_ptr<const fusion::ModelFamily> family, std::shared_ptr<const ShardSet> shards,
                     at::Device device, Precision precision);
  ~DenoiserEvaluation();

  /// Captions of the records' first pictures, greedy.
  std::vector<std::string> captions(const TensorMap& weights, std::span<const std::int64_t> records);
  /// Pictures for the records' main captions, guided: int32 [N, P] codes.
  at::Tensor pictures(const TensorMap& weights, std::span<const std::int64_t> records, std::uint64_t seed);
  /// Whether a caption says the record's label: "LABEL" or "STYLE: LABEL", with or without ", ..." or ": ..."
  /// behind it.
  bool says_label(const std::string& caption, std::int64_t record) const;
  std::string main_caption(std::int64_t record) const;

 private:
  struct Loop;
  std::shared_ptr<const fusion::ModelFamily> family_;
  std::shared_ptr<const ShardSet> shards_;
  TorchExecutor executor_;
};

}  // namespace lacuna::training
