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
using generation::DenoiseRequest;

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

/// A canvas with the places of a mask hidden, by pair and mask.
using HiddenCanvas = std::function<Canvas(std::size_t, std::span<const int>)>;
/// The class that stands at a place inside the target span of a pair.
using Truth = std::function<std::int32_t(std::size_t, int)>;

/// Bounds for `count` canvases; places are counted from `skipped` behind the begin of the target's span.
std::vector<double> bounds_of(generation::Denoiser& denoiser, std::size_t count, int length, int skipped, Modality target,
                              const BoundOptions& options, const HiddenCanvas& hidden, const Truth& truth) {
  if (options.draws < 1) {
    throw std::invalid_argument("[likelihood] expected draws >= 1, got " + std::to_string(options.draws));
  }
  const fusion::NoiseSchedule schedule;  // linear; the bound is the same for every schedule
  const std::vector<Mask> masks = draw_masks(options, length, schedule);
  std::vector<double> bounds(count, 0.0);
  const std::size_t jobs = count * masks.size();
  for (std::size_t begin = 0; begin < jobs; begin += kCanvasesAtOnce) {
    const std::size_t end = std::min(jobs, begin + kCanvasesAtOnce);
    std::vector<Canvas> canvases;
    std::vector<std::vector<int>> wanted;
    std::vector<DenoiseRequest> requests;
    std::vector<std::size_t> owners;  // canvases of the requests
    for (std::size_t j = begin; j < end; ++j) {
      canvases.push_back(hidden(j / masks.size(), masks[j % masks.size()].positions));
      wanted.push_back(canvases.back().masked_positions(target));
    }
    for (std::size_t j = 0; j < canvases.size(); ++j) {
      // An empty list would ask for all: the other modality may be masked, too.
      if (wanted[j].empty()) continue;
      requests.push_back({&canvases[j], 0, wanted[j], false, {}, generation::TextRule::off});
      owners.push_back(j);
    }
    std::vector<std::vector<float>> losses(canvases.size());
    denoiser.visit_logits(requests, {}, [&](const generation::LogitRow& row) {
      const std::size_t j = owners[row.request];
      const int place = row.position - canvases[j].span(target).begin - skipped;
      losses[j].push_back(float(generation::negative_log_softmax(row.conditional, truth((begin + j) / masks.size(), place))));
    });
    for (std::size_t j = begin; j < end; ++j) {
      const double loss = options.form == BoundForm::token_count
                              ? fusion::token_count_loss(losses[j - begin], length)
                              : fusion::continuous_time_loss(losses[j - begin], schedule, masks[j % masks.size()].t);
      bounds[j / masks.size()] += loss / double(masks.size());
    }
  }
  return bounds;
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
  const fusion::ModelFamily& family = denoiser.family();
  const bool text = target == Modality::text;
  const int length = text ? family.sizes().text_length : family.sizes().image_length();
  return bounds_of(
      denoiser, pairs.size(), length, 0, target, options,
      [&](std::size_t i, std::span<const int> mask) {
        Pair hidden = pairs[i];
        for (const int p : mask) {
          if (text) hidden.text[std::size_t(p)] = family.tokens().mask;
          else hidden.codes[std::size_t(p)] = fusion::kMaskedCode;
        }
        return family.infill(hidden.text, hidden.codes);
      },
      [&](std::size_t i, int place) {
        return text ? pairs[i].text[std::size_t(place)] - family.tokens().text.begin : pairs[i].codes[std::size_t(place)];
      });
}

double text_bound(generation::Denoiser& denoiser, std::span<const std::int32_t> text, int known,
                  const TextCanvas& canvas_of, const BoundOptions& options) {
  if (known < 0 || std::size_t(known) >= text.size()) {
    throw std::invalid_argument("[likelihood] expected a text with at least one token behind those that are known");
  }
  const fusion::TokenSpace& tokens = denoiser.family().tokens();
  return bounds_of(
             denoiser, 1, int(text.size()) - known, known, Modality::text, options,
             [&](std::size_t, std::span<const int> mask) {
               std::vector<std::int32_t> hidden(text.begin(), text.end());
               for (const int p : mask) hidden[std::size_t(known + p)] = tokens.mask;
               return canvas_of(hidden);
             },
             [&](std::size_t, int place) { return text[std::size_t(known + place)] - tokens.text.begin; })
      .front();
}

}  // namespace lacuna::evaluation
