#include <algorithm>
#include <array>

#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/label.h"
#include "runtime/evaluation/timing.h"
#include "runtime/generation/masked_text.h"
#include "vision/metrics.h"
#include "vision/region_mask.h"
#include "vision/resize.h"

namespace lacuna::evaluation {
namespace {

using generation::InfillRequest;
using vision::Image;

vision::CodeMask right_half(const fusion::LayoutSizes& sizes) {
  vision::CodeMask mask(vision::Size{sizes.grid_height, sizes.grid_width});
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = mask.width() / 2; x < mask.width(); ++x) mask.at(y, x) = 1;
  }
  return mask;
}

/// A picture of one colour, the mean of the columns left of the mask.
Image mean_colour(const Image& picture) {
  std::array<double, 3> sum{};
  const int columns = picture.width() / 2;
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < columns; ++x) {
      for (int c = 0; c < 3; ++c) sum[std::size_t(c)] += picture.at(y, x, c);
    }
  }
  Image flat(picture.size());
  for (int y = 0; y < flat.height(); ++y) {
    for (int x = 0; x < flat.width(); ++x) {
      for (int c = 0; c < 3; ++c) flat.at(y, x, c) = float(sum[std::size_t(c)] / (double(picture.height()) * columns));
    }
  }
  return flat;
}

/// Whether the caption is completed exactly from the picture and the first half of its words.
bool completes(generation::Pipeline& pipeline, const Sample& sample, const generation::JobOptions& job) {
  const auto& model = pipeline.model();
  const auto& tokens = model.family->tokens();
  auto ids = generation::encode_masked_text(*model.text, tokens, sample.caption());
  const std::size_t known = ids.size() / 2;
  ids.resize(std::min(ids.size(), std::size_t(model.family->sizes().text_length)));
  std::fill(ids.begin() + std::ptrdiff_t(std::min(known, ids.size())), ids.end(), tokens.mask);
  ids.resize(std::size_t(model.family->sizes().text_length), tokens.mask);
  const InfillRequest request{sample.picture, std::nullopt, ids, job.seed};
  const auto result = pipeline.infill({&request, 1}, job);
  return label_of(result->front().text) == label_of(sample.label);
}

}  // namespace

std::optional<Evaluation> evaluate_infill(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                          std::span<const Sample> samples, const SuiteOptions& options,
                                          const SampleCallback& callback) {
  const Stopwatch watch;
  const auto& model = pipeline.model();
  const vision::CodeMask mask = right_half(model.family->sizes());
  const vision::PixelMask pixels = vision::pixel_mask(mask, model.picture_size());
  std::vector<double> errors, by_neighbour, by_mean;
  int completed = 0;
  for (const Sample& sample : samples) {
    generation::JobOptions job = options.infill;
    job.seed += errors.size();
    const auto words = generation::encode_masked_text(*model.text, model.family->tokens(), sample.caption());
    const InfillRequest request{sample.picture, mask, words, job.seed};
    const auto result = pipeline.infill({&request, 1}, job);
    errors.push_back(vision::mean_absolute_error(sample.picture, result->front().image, pixels));
    const Image nearest = vision::resize(neighbours.find(sample.picture, 0.5).thumbnail, sample.picture.size());
    by_neighbour.push_back(vision::mean_absolute_error(sample.picture, nearest, pixels));
    by_mean.push_back(vision::mean_absolute_error(sample.picture, mean_colour(sample.picture), pixels));
    completed += completes(pipeline, sample, options.caption);
    if (callback && callback(int(errors.size()), int(samples.size())) == generation::Continue::no) {
      return std::nullopt;
    }
  }
  const double neighbour = mean(by_neighbour).value, flat = mean(by_mean).value;
  const Estimate text = share(completed, int(samples.size()));
  return Evaluation{"infill", "mean absolute error of the masked right half (0 to 1, lower is better)",
                    mean(errors), "the better of nearest training picture and mean colour",
                    std::min(neighbour, flat), int(samples.size()), watch.seconds(),
                    {{"baseline_nearest_picture", neighbour}, {"baseline_mean_colour", flat},
                     {"label_completed", text.value}, {"label_completed_low", text.low},
                     {"label_completed_high", text.high}}};
}

}  // namespace lacuna::evaluation
