#include <algorithm>
#include <cmath>

#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/label.h"
#include "runtime/evaluation/likelihood.h"
#include "runtime/evaluation/timing.h"

namespace lacuna::evaluation {
namespace {

using fusion::Modality;

constexpr int kDraws = 16;
constexpr std::size_t kCandidates = 10;

std::vector<Pair> pairs_of(generation::Pipeline& pipeline, std::span<const Sample> samples) {
  std::vector<Pair> pairs;
  for (const Sample& sample : samples) {
    const auto codes = pipeline.encode({&sample.picture, 1}).front();
    pairs.push_back(make_pair(pipeline.model(), sample.caption(), codes.cells()));
  }
  return pairs;
}

void add(Evaluation& evaluation, const std::string& name, const Estimate& estimate) {
  evaluation.details.emplace_back(name, estimate.value);
  evaluation.details.emplace_back(name + "_low", estimate.low);
  evaluation.details.emplace_back(name + "_high", estimate.high);
}

Estimate per_token(std::vector<double> bounds, int length) {
  for (double& b : bounds) b /= length;
  return mean(bounds);
}

/// Which of the candidates has the smallest bound; the first is the right one.
bool first_is_best(std::span<const double> bounds) {
  return std::ranges::min_element(bounds) == bounds.begin();
}

}  // namespace

std::optional<Evaluation> evaluate_likelihood(generation::Pipeline& pipeline, const NearestNeighbour&,
                                              std::span<const Sample> samples, const SuiteOptions& options,
                                              const SampleCallback& callback) {
  const Stopwatch watch;
  auto& model = pipeline.model();
  const auto& sizes = model.family->sizes();
  const std::vector<Pair> pairs = pairs_of(pipeline, samples);
  std::vector<double> bounds[2][2];  // by target and form
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    for (Modality target : {Modality::text, Modality::image}) {
      for (BoundForm form : {BoundForm::token_count, BoundForm::continuous_time}) {
        // Masks of their own for each pair: the interval is over pairs and masks together.
        const BoundOptions bound{form, kDraws, options.infill.seed + i};
        bounds[int(target)][int(form)].push_back(
            conditional_bounds(*model.denoiser, {&pairs[i], 1}, target, bound).front());
      }
    }
    if (callback && callback(int(i) + 1, int(pairs.size())) == generation::Continue::no) return std::nullopt;
  }
  const auto estimate = [&](Modality target, BoundForm form) {
    return per_token(bounds[int(target)][int(form)], target == Modality::text ? sizes.text_length : sizes.image_length());
  };
  Evaluation result{"likelihood",
                    "bound on -log P(caption | picture) by the token-count form, nats a token with its padding",
                    estimate(Modality::text, BoundForm::token_count),
                    "every token equally likely",
                    std::log(double(model.family->tokens().text.size)),
                    int(samples.size()),
                    0.0,
                    {}};
  add(result, "caption_continuous", estimate(Modality::text, BoundForm::continuous_time));
  add(result, "picture_token_count", estimate(Modality::image, BoundForm::token_count));
  add(result, "picture_continuous", estimate(Modality::image, BoundForm::continuous_time));
  for (Modality target : {Modality::text, Modality::image}) {
    std::vector<double> differences;
    const auto& b = bounds[int(target)];
    for (std::size_t i = 0; i < pairs.size(); ++i) differences.push_back(b[1][i] - b[0][i]);
    const int length = target == Modality::text ? sizes.text_length : sizes.image_length();
    add(result, std::string(target == Modality::text ? "caption" : "picture") + "_difference_of_forms",
        per_token(differences, length));
  }
  result.seconds = watch.seconds();
  return result;
}

std::optional<Evaluation> evaluate_retrieval(generation::Pipeline& pipeline, const NearestNeighbour&,
                                             std::span<const Sample> samples, const SuiteOptions& options,
                                             const SampleCallback& callback) {
  const Stopwatch watch;
  auto& model = pipeline.model();
  const std::vector<Pair> pairs = pairs_of(pipeline, samples);
  int by_caption = 0, by_picture = 0;
  double chance = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    // Its own caption, and those of the next samples that show something else.
    std::vector<Pair> captions{pairs[i]};
    for (std::size_t step = 1; step < pairs.size() && captions.size() < kCandidates; ++step) {
      const std::size_t other = (i + step) % pairs.size();
      if (label_of(samples[other].label) == label_of(samples[i].label)) continue;
      captions.push_back({pairs[other].text, pairs[i].codes});
    }
    // One seed for all candidates: the same masks, so that only the candidates differ.
    const BoundOptions bound{BoundForm::token_count, kDraws, options.infill.seed + i};
    by_caption += first_is_best(conditional_bounds(*model.denoiser, captions, Modality::text, bound));
    by_picture += first_is_best(conditional_bounds(*model.denoiser, captions, Modality::image, bound));
    chance += 1.0 / double(captions.size()) / double(pairs.size());
    if (callback && callback(int(i) + 1, int(pairs.size())) == generation::Continue::no) return std::nullopt;
  }
  const int count = int(samples.size());
  Evaluation result{"retrieval",
                    "share of pictures whose own caption of up to ten has the largest P(caption | picture)",
                    share(by_caption, count),
                    "chance",
                    chance,
                    count,
                    0.0,
                    {}};
  // The prior of captions cancels here: the picture is the same for every candidate.
  add(result, "by_picture_given_caption", share(by_picture, count));
  result.seconds = watch.seconds();
  return result;
}

}  // namespace lacuna::evaluation
