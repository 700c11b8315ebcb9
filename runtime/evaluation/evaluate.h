#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/evaluation/nearest_neighbour.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/generation/pipeline.h"
#include "runtime/preparation/caption_table.h"

namespace lacuna::evaluation {

/// One picture of the evaluation data with its caption.
struct Sample {
  vision::Image picture;  // of Model::picture_size()
  std::string label;
  std::string style;  // empty when the data names none

  /// "style: label".
  std::string caption() const { return style.empty() ? label : style + ": " + label; }
};

/// `limit` samples of one split spread evenly over a folder's captions.tsv (all of them when there are fewer).
/// Throws preparation::DataError when the split is empty, vision::ImageError for a picture that cannot be read.
std::vector<Sample> read_samples(const std::filesystem::path& folder, const std::string& split, int limit,
                                 vision::Size size);

/// What a suite measured.
struct Evaluation {
  std::string suite;
  std::string metric;    // what `value` is and its unit
  Estimate value;
  std::string baseline_name;
  double baseline = 0.0;
  int count = 0;
  double seconds = 0.0;
  std::vector<std::pair<std::string, double>> details;
  std::vector<std::pair<std::string, std::string>> remarks = {};  // what is no number
};

/// After each sample; returning no stops with std::nullopt.
using SampleCallback = std::function<generation::Continue(int done, int count)>;

/// How the jobs inside a suite sample.
struct SuiteOptions {
  generation::JobOptions caption = generation::caption_defaults();
  generation::JobOptions generate = generation::generate_defaults();
  generation::JobOptions infill = generation::infill_defaults();
};

using Suite = std::optional<Evaluation> (*)(generation::Pipeline&, const NearestNeighbour&,
                                            std::span<const Sample>, const SuiteOptions&, const SampleCallback&);

/// PSNR in dB of decode(encode(picture)); baseline: the picture averaged to one colour a code and enlarged
/// bicubically. Detail: mean SSIM.
std::optional<Evaluation> evaluate_reconstruct(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                               std::span<const Sample> samples, const SuiteOptions& options,
                                               const SampleCallback& callback);
/// Share of captions whose label is exactly right; baseline: the label of the nearest training picture.
std::optional<Evaluation> evaluate_caption(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                           std::span<const Sample> samples, const SuiteOptions& options,
                                           const SampleCallback& callback);
/// A picture is drawn from each caption and captioned again: share of exactly right labels; baseline: the
/// nearest training picture's label read off the same drawings.
std::optional<Evaluation> evaluate_roundtrip(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                             std::span<const Sample> samples, const SuiteOptions& options,
                                             const SampleCallback& callback);
/// The right half masked, caption given: mean absolute error of the masked half (0..1); baseline: the better of
/// the nearest training picture (by the left half) and the left half's mean colour. Details: both baselines, and
/// the share of labels completed exactly from the picture and the first half of the caption's words.
std::optional<Evaluation> evaluate_infill(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                          std::span<const Sample> samples, const SuiteOptions& options,
                                          const SampleCallback& callback);

/// Bounds on the likelihood of captions given pictures and of pictures given captions, nats a token, by the token-count
/// form and the continuous-time form with their paired difference; baseline: every token equally likely.
std::optional<Evaluation> evaluate_likelihood(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                              std::span<const Sample> samples, const SuiteOptions& options,
                                              const SampleCallback& callback);
/// Zero-shot retrieval of a picture's caption among up to ten, by P(caption | picture) and by P(picture | caption);
/// baseline: chance.
std::optional<Evaluation> evaluate_retrieval(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                             std::span<const Sample> samples, const SuiteOptions& options,
                                             const SampleCallback& callback);

struct SuiteEntry {
  std::string_view name;
  std::string_view summary;
  Suite run;
};
/// Every suite, one row each.
std::span<const SuiteEntry> suite_registry();

}  // namespace lacuna::evaluation
