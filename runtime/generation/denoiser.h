#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

#include "fusion/graph/executor.h"
#include "fusion/graph/proposal.h"
#include "fusion/models/model_family.h"
#include "runtime/samplers/sampler.h"

namespace lacuna::generation {

/// How tokens of one modality are drawn. With guidance_scale != 1 a second branch runs in which the other
/// modality is masked wherever it lies: logits = without + scale * (with - without).
struct DrawOptions {
  float temperature = 1.0f;     // 0 = always the most probable
  float guidance_scale = 1.0f;  // 1 = off
  int top_k = 0;                // 0 = off
  float top_p = 1.0f;           // 1 = off

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// Draw options of both modalities.
struct Draws {
  DrawOptions text;
  DrawOptions image;

  const DrawOptions& of(fusion::Modality modality) const {
    return modality == fusion::Modality::text ? text : image;
  }
};

/// One canvas and the random numbers that belong to it.
struct DenoiseRequest {
  const fusion::Canvas* canvas = nullptr;
  std::uint64_t seed = 0;
};

/// A model on an engine: canvases in, proposals out. Sequences are laid one after another without padding,
/// guidance branches are in the same pass, and logits exist only on the device, only for masked rows over the
/// modality's slice of the vocabulary. Plans are kept by size. Not thread-safe.
class Denoiser {
 public:
  /// `executor` must outlive the denoiser.
  Denoiser(std::shared_ptr<const fusion::ModelFamily> family, graph::Executor& executor,
           std::shared_ptr<const graph::WeightSource> weights);

  const fusion::ModelFamily& family() const { return *family_; }

  /// Proposals for every masked position of every request, in order of position. A request's proposals do not
  /// depend on the others. Throws DeviceError when the network gives no number (NaN or infinity).
  std::vector<std::vector<samplers::PositionProposal>> propose(std::span<const DenoiseRequest> requests,
                                                               const Draws& draws, std::uint32_t step);

  /// Forward passes so far, and bytes of scratch memory of the plans that are kept.
  std::int64_t passes() const { return passes_; }
  std::size_t scratch_bytes() const;

 private:
  struct Batch;
  using Key = std::tuple<std::vector<std::int64_t>, std::int64_t, bool, std::int64_t, bool>;
  graph::Plan& plan(const fusion::DenoiserShape& shape);

  std::shared_ptr<const fusion::ModelFamily> family_;
  graph::Executor& executor_;
  std::shared_ptr<const graph::WeightSource> weights_;
  std::map<Key, std::unique_ptr<graph::Plan>> plans_;
  std::int64_t passes_ = 0;
};

}  // namespace lacuna::generation
