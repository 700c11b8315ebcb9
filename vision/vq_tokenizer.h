#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <tuple>

#include "fusion/graph/executor.h"
#include "vision/image_tokenizer.h"
#include "vision/vq_config.h"

namespace lacuna::vision {

/// The VQ network on an engine. Plans are made on first use of a size and kept. Not thread-safe.
class VqTokenizer final : public ImageTokenizer {
 public:
  /// `executor` must outlive the tokenizer. Weights are checked when the first plan is made.
  VqTokenizer(VqConfig config, graph::Executor& executor, std::shared_ptr<const graph::WeightSource> weights);

  int pixels_per_code() const override { return config_.pixels_per_code(); }
  int codebook_size() const override { return config_.codebook_size; }
  std::vector<CodeGrid> encode(std::span<const Image> pictures) override;
  std::vector<Image> decode(std::span<const CodeGrid> grids) override;

 private:
  enum class Direction { encode, decode };
  using Key = std::tuple<Direction, std::int64_t, int, int>;
  graph::Plan& plan(Direction direction, std::int64_t batch, Size grid);

  VqConfig config_;
  graph::Executor& executor_;
  std::shared_ptr<const graph::WeightSource> weights_;
  std::map<Key, std::unique_ptr<graph::Plan>> plans_;
};

/// Opens a folder with config.json (see read_vq_config) and its
/// checkpoint, checked against the network's manifest. Throws weights::CheckpointError. `executor` must outlive the tokenizer.
std::unique_ptr<VqTokenizer> open_vq_tokenizer(const std::filesystem::path& folder, graph::Executor& executor);

}  // namespace lacuna::vision
