#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scoped_run.h"

namespace lacuna::samplers {
namespace {

/// The scope cut into blocks: `length` positions of a span, counted from its first position of the scope, or from the
/// canvas' own where the network's blocks are as long.
std::vector<std::vector<int>> cut(const fusion::Canvas& canvas, const std::vector<int>& scope, int length,
                                  int network_block) {
  std::vector<std::vector<int>> blocks;
  for (const fusion::Span& span : canvas.spans()) {
    int begin = -1, current = -1;
    for (int p : scope) {
      if (p < span.begin || p >= span.end()) continue;
      if (begin < 0) begin = length == network_block ? 0 : p;
      if ((p - begin) / length != current) {
        current = (p - begin) / length;
        blocks.emplace_back();
      }
      blocks.back().push_back(p);
    }
  }
  return blocks;
}

class BlockRun final : public ScopedRun {
 public:
  BlockRun(const fusion::Canvas& canvas, RunInfo info, const Sampler& inside, int length)
      : ScopedRun(canvas, std::move(info)), inside_(inside), blocks_(cut(canvas, this->info().scope, length, this->info().network_block)) {
    if (std::size_t(this->info().steps) < blocks_.size()) {
      throw std::invalid_argument("[sampler] expected a step for each of the " + std::to_string(blocks_.size()) +
                                  " blocks of " + std::to_string(length) + " positions, got " +
                                  std::to_string(this->info().steps) + " steps");
    }
  }

  std::optional<Wanted> next(const fusion::Canvas& canvas) override {
    while (true) {
      if (run_) {
        if (auto wanted = run_->next(canvas)) return wanted;
        run_.reset();
      }
      if (block_ == blocks_.size()) return std::nullopt;
      start(canvas);
    }
  }

  Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals) override {
    return run_->decide(canvas, proposals);
  }

 private:
  void start(const fusion::Canvas& canvas) {
    RunInfo inner = info();
    const auto share = [&](std::size_t b) { return std::size_t(info().steps) * b / blocks_.size(); };
    inner.steps = int(share(block_ + 1) - share(block_));
    inner.scope.clear();
    // What an end-of-text has filled by now is left out.
    for (int p : blocks_[block_]) {
      if (canvas.states()[std::size_t(p)] == fusion::PositionState::masked) inner.scope.push_back(p);
    }
    ++block_;
    run_ = inside_.start(canvas, std::move(inner));
  }

  const Sampler& inside_;
  std::vector<std::vector<int>> blocks_;
  std::size_t block_ = 0;  // the next one
  std::unique_ptr<SamplerRun> run_;
};

class BlockSampler final : public Sampler {
 public:
  BlockSampler(std::unique_ptr<Sampler> inside, int length) : inside_(std::move(inside)), length_(length) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    return std::make_unique<BlockRun>(canvas, std::move(info), *inside_, length_);
  }

 private:
  std::unique_ptr<Sampler> inside_;
  int length_;
};

}  // namespace

std::unique_ptr<Sampler> in_blocks(std::unique_ptr<Sampler> inside, int length) {
  if (length < 1) throw std::invalid_argument("[sampler] expected a block length >= 1, got " + std::to_string(length));
  return std::make_unique<BlockSampler>(std::move(inside), length);
}

/// The blocks themselves come from the option block, which every sampler has; this row has a length by default.
std::unique_ptr<Sampler> make_block_sampler(const SamplerOptions&) { return make_confidence_sampler({}); }

}  // namespace lacuna::samplers
