#include "runtime/samplers/released_llada.h"

#include <algorithm>
#include <utility>

#include "runtime/samplers/scored_run.h"

namespace lacuna::samplers {
namespace {

using fusion::Canvas;
using fusion::Modality;
using fusion::PositionState;

class ReleasedLladaRun final : public ScopedRun {
 public:
  ReleasedLladaRun(const Canvas& canvas, RunInfo info, ReleasedLladaOptions options)
      : ScopedRun(canvas, std::move(info)), options_(std::move(options)), answer_(canvas.span(Modality::text)) {
    blocks_ = text_blocks(answer_.size, options_.block_length, this->info().steps, options_.fidelity);
  }

  std::optional<Wanted> next(const Canvas& canvas) override {
    const bool done = options_.fidelity == Fidelity::corrected && masked(canvas).empty();
    if (done || stopped_ || step_ >= info().steps) return std::nullopt;
    if (count_due(canvas) == 0) return Wanted{};  // the original runs the network and takes nothing
    return Wanted{masked_before(canvas, answer_.begin + block().end), false};
  }

  Moves decide(const Canvas& canvas, std::span<const PositionProposal> proposals) override {
    const int due = count_due(canvas);
    const auto score = [&](const PositionProposal& p) {
      if (options_.order == ReleasedLladaOptions::Order::confidence) return double(p.log_prob);
      return options_.uniform ? options_.uniform(info().seed, step_, p.position)
                              : uniform(graph::RandomStream::order, step_, p.position);
    };
    Moves moves;
    for (const PositionProposal* p : sorted_by_score(proposals, Modality::text, score)) {
      if (int(moves.reveal.size()) == due) break;
      moves.reveal.push_back({p->position, p->token});
    }
    stopped_ = ends_here(canvas, moves);
    ++step_;
    return moves;
  }

 private:
  const TextBlock& block() const {
    return *std::ranges::find_if(blocks_, [&](const TextBlock& b) { return step_ < b.first_step + b.steps; });
  }

  std::vector<int> masked_before(const Canvas& canvas, int end) const {
    std::vector<int> positions;
    for (int p : scope(Modality::text)) {
      if (p < end && canvas.states()[std::size_t(p)] == PositionState::masked) positions.push_back(p);
    }
    return positions;
  }

  int count_due(const Canvas& canvas) const {
    const TextBlock& b = block();
    if (options_.fidelity == Fidelity::corrected) {
      const int left = b.first_step + b.steps - step_;
      return (int(masked_before(canvas, answer_.begin + b.end).size()) + left - 1) / left;
    }
    // Positions of the block that were masked when it began: nothing of it is revealed before.
    const auto whole = std::ranges::count_if(scope(Modality::text), [&](int p) {
      return p >= answer_.begin + b.begin && p < answer_.begin + b.end;
    });
    return transfer_count(int(whole), b.steps, step_ - b.first_step);
  }

  /// Whether these moves complete the block and its last token ends the answer.
  bool ends_here(const Canvas& canvas, const Moves& moves) const {
    if (options_.stop_token < 0) return false;
    const int last = answer_.begin + block().end - 1;
    std::int32_t token = canvas.ids()[std::size_t(last)];
    std::size_t masked = 0, revealed = 0;
    for (int p : masked_before(canvas, last + 1)) masked += p >= answer_.begin + block().begin ? 1 : 0;
    for (const Reveal& reveal : moves.reveal) {
      revealed += reveal.position >= answer_.begin + block().begin ? 1 : 0;
      if (reveal.position == last) token = reveal.token;
    }
    return masked == revealed && token == options_.stop_token;
  }

  ReleasedLladaOptions options_;
  fusion::Span answer_;
  std::vector<TextBlock> blocks_;
  int step_ = 0;
  bool stopped_ = false;
};

class ReleasedLlada final : public Sampler {
 public:
  explicit ReleasedLlada(ReleasedLladaOptions options) : options_(std::move(options)) {}
  std::unique_ptr<SamplerRun> start(const Canvas& canvas, RunInfo info) const override {
    return std::make_unique<ReleasedLladaRun>(canvas, std::move(info), options_);
  }

 private:
  ReleasedLladaOptions options_;
};

}  // namespace

std::unique_ptr<Sampler> make_released_llada(const ReleasedLladaOptions& options) {
  return std::make_unique<ReleasedLlada>(options);
}

}  // namespace lacuna::samplers
