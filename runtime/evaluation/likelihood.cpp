#include "runtime/evaluation/likelihood.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "fusion/masked_diffusion_loss.h"
#include "fusion/masking.h"
#include "runtime/generation/masked_text.h"

namespace lacuna::evaluation {
namespace {

using fusion::Canvas;
using fusion::Modality;

constexpr std::size_t kCanvasesAtOnce = 32;

/// A mask over one span, and the time it was drawn at.
struct Mask {
  std::vector<int> positions;  // inside the span
  double t = 0;
};

std::vector<Mask> draw_masks(const BoundOptions& options, int length, const fusion::NoiseSchedule& schedule) {
  std::vector<Mask> masks;
  for (int i = 0; i < options.draws; ++i) {
    const fusion::MaskingKey key{options.seed, 0, std::uint32_t(i)};
    Mask mask;
    mask.t = fusion::stratified_time(options.seed, 0, std::uint32_t(i), std::uint32_t(options.draws));
    if (options.form == BoundForm::token_count) {
      mask.positions = fusion::mask_exactly(key, length, std::max(1, int(std::ceil(length * mask.t))));
    } else {
      mask.positions = fusion::mask_independently(key, length, schedule.mask_rate(mask.t));
    }
    masks.push_back(std::move(mask));
  }
  return masks;
}

Canvas masked_canvas(const fusion::ModelFamily& family, const Pair& pair, Modality target, const Mask& mask) {
  Pair hidden = pair;
  for (int p : mask.positions) {
    if (target == Modality::text) hidden.text[std::size_t(p)] = family.tokens().mask;
    else hidden.codes[std::size_t(p)] = fusion::kMaskedCode;
  }
  return family.infill(hidden.text, hidden.codes);
}

}  // namespace

Pair make_pair(const generation::Model& model, std::string_view caption, std::span<const std::int32_t> codes) {
  const fusion::TokenSpace& space = model.family->tokens();
  const auto& sizes = model.family->sizes();
  Pair pair{generation::encode_masked_text(*model.text, space, caption), {codes.begin(), codes.end()}};
  if (pair.text.size() > std::size_t(sizes.text_length) || pair.codes.size() != std::size_t(sizes.image_length())) {
    throw std::invalid_argument("[likelihood] expected at most " + std::to_string(sizes.text_length) +
                                " text tokens and " + std::to_string(sizes.image_length()) + " codes, got " +
                                std::to_string(pair.text.size()) + " and " + std::to_string(pair.codes.size()));
  }
  pair.text.resize(std::size_t(sizes.text_length), space.end_of_text);
  return pair;
}

std::vector<double> conditional_bounds(generation::Denoiser& denoiser, std::span<const Pair> pairs, Modality target,
                                       const BoundOptions& options) {
  if (options.draws < 1) {
    throw std::invalid_argument("[likelihood] expected draws >= 1, got " + std::to_string(options.draws));
  }
  const fusion::ModelFamily& family = denoiser.family();
  const fusion::IdRange& range = family.tokens().range(target);
  const fusion::NoiseSchedule schedule;  // linear; the bound is the same for every schedule
  const int length = target == Modality::text ? family.sizes().text_length : family.sizes().image_length();
  const std::vector<Mask> masks = draw_masks(options, length, schedule);
  std::vector<double> bounds(pairs.size(), 0.0);
  const std::size_t jobs = pairs.size() * masks.size();
  for (std::size_t begin = 0; begin < jobs; begin += kCanvasesAtOnce) {
    const std::size_t end = std::min(jobs, begin + kCanvasesAtOnce);
    std::vector<Canvas> canvases;
    for (std::size_t j = begin; j < end; ++j) {
      canvases.push_back(masked_canvas(family, pairs[j / masks.size()], target, masks[j % masks.size()]));
    }
    std::vector<generation::DenoiseRequest> requests;
    for (const Canvas& canvas : canvases) {
      requests.push_back({&canvas, 0, {}, true, {}, generation::TextRule::off});
    }
    const auto proposals = denoiser.propose(requests, {}, 0);
    for (std::size_t j = begin; j < end; ++j) {
      const Pair& pair = pairs[j / masks.size()];
      const int first = canvases[j - begin].span(target).begin;
      std::vector<float> losses;
      for (const auto& p : proposals[j - begin]) {
        const auto place = std::size_t(p.position - first);
        const std::int32_t truth = target == Modality::text ? pair.text[place] - range.begin : pair.codes[place];
        losses.push_back(float(-std::log(std::max(double(p.distribution[std::size_t(truth)]), 1e-38))));
      }
      const double loss = options.form == BoundForm::token_count
                              ? fusion::token_count_loss(losses, length)
                              : fusion::continuous_time_loss(losses, schedule, masks[j % masks.size()].t);
      bounds[j / masks.size()] += loss / double(masks.size());
    }
  }
  return bounds;
}

}  // namespace lacuna::evaluation
