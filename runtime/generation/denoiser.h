#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "fusion/graph/executor.h"
#include "fusion/graph/proposal.h"
#include "fusion/models/model_family.h"
#include "runtime/generation/proposal_source.h"

namespace lacuna::generation {

/// Logits of one wanted position over its modality's slice of the vocabulary, before guidance. The memory lives until
/// the visitor returns.
struct LogitRow {
  std::size_t request = 0;
  int position = 0;
  fusion::Modality modality = fusion::Modality::text;
  std::span<const float> conditional;
  std::span<const float> unconditional;  // empty where there is no guidance
  float guidance_scale = 1.0f;
  std::int32_t banned = -1;  // class that may not be drawn here

  /// unconditional + guidance_scale * (conditional - unconditional).
  std::vector<float> guided() const;
};
/// -log of a class's probability: log of the sum of exponentials less its logit, summed in float64.
double negative_log_softmax(std::span<const float> logits, std::int32_t token);
using LogitVisitor = std::function<void(const LogitRow&)>;

/// A text among whose words are some that noise has put there: the ids of `canvas` with others at its masked positions.
struct NoisyText {
  const fusion::Canvas* canvas = nullptr;
  std::span<const std::int32_t> ids;
};

/// A model on an engine: canvases in, proposals out. Sequences are laid one after another without padding,
/// guidance branches are in the same pass, and logits exist only on the device, only for masked rows over the
/// modality's slice of the vocabulary. Where whole distributions are wanted or tokens banned, the logits of the wanted
/// rows come back instead and are drawn from on the host. Plans are kept by size. Not thread-safe.
class Denoiser final : public ProposalSource {
 public:
  /// `executor` must outlive the denoiser.
  Denoiser(std::shared_ptr<const fusion::ModelFamily> family, graph::Executor& executor,
           std::shared_ptr<const graph::WeightSource> weights);

  const fusion::ModelFamily& family() const { return *family_; }

  const fusion::TokenSpace& tokens() const override { return family_->tokens(); }

  /// Throws DeviceError when the network gives no number (NaN or infinity), std::invalid_argument for a family that undoes
  /// uniform noise: it has no masks to propose tokens for.
  std::vector<std::vector<samplers::PositionProposal>> propose(std::span<const DenoiseRequest> requests,
                                                               const Draws& draws, std::uint32_t step) override;

  /// Whole rows of logits for the wanted positions, text before image, by request and position. Of `draws` only the
  /// guidance scales count. Throws DeviceError as `propose` does.
  void visit_logits(std::span<const DenoiseRequest> requests, const Draws& draws, const LogitVisitor& visitor);

  /// Rows of logits at the masked positions of the canvases, by text and position, where noise has touched this part of
  /// the tokens: for families that undo uniform noise (uniform_text.h). Throws as `propose` does.
  void visit_noisy(std::span<const NoisyText> texts, double part, const LogitVisitor& visitor);

  /// Forward passes so far, and bytes of scratch memory of the plans that are kept.
  std::int64_t passes() const { return passes_; }
  std::size_t scratch_bytes() const;
  /// Operations of these passes, a multiply-add counted as two (Graph::flops).
  double flops() const { return flops_; }
  /// When the first pass began: its plan was made and its weights were ready.
  std::optional<std::chrono::steady_clock::time_point> first_began() const { return first_began_; }

 private:
  struct Batch;
  using Key = std::tuple<std::vector<std::int64_t>, std::int64_t, bool, std::int64_t, bool, fusion::DenoiserHead>;
  using Proposals = std::vector<std::vector<samplers::PositionProposal>>;
  Batch lay_out(std::span<const DenoiseRequest> requests, const Draws& draws) const;
  Proposals propose_on_device(std::span<const DenoiseRequest> requests, const Draws& draws, std::uint32_t step,
                              const Batch& batch);
  Proposals propose_on_host(std::span<const DenoiseRequest> requests, const Draws& draws, std::uint32_t step,
                            const Batch& batch);
  void visit(const Batch& batch, const Draws& draws, const LogitVisitor& visitor);
  void visit_checked(const Batch& batch, const Draws& draws, const LogitVisitor& visitor);
  void run(const fusion::DenoiserShape& shape, std::span<const graph::HostTensor> inputs,
           std::span<graph::HostTensor> outputs);

  std::shared_ptr<const fusion::ModelFamily> family_;
  graph::Executor& executor_;
  std::shared_ptr<const graph::WeightSource> weights_;
  struct Planned {
    std::unique_ptr<graph::Plan> plan;
    double flops = 0;
  };
  std::map<Key, Planned> plans_;
  std::int64_t passes_ = 0;
  double flops_ = 0;
  std::optional<std::chrono::steady_clock::time_point> first_began_;
};

}  // namespace lacuna::generation
