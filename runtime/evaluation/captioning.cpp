#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/label.h"
#include "runtime/evaluation/timing.h"

namespace lacuna::evaluation {
namespace {

/// How often the model's captions and the nearest training pictures name the samples' labels.
struct Tally {
  int model = 0;
  int neighbour = 0;
};

/// Reads one picture both ways.
void read_back(generation::Pipeline& pipeline, const NearestNeighbour& neighbours, const vision::Image& picture,
               const Sample& sample, const SuiteOptions& options, Tally& tally) {
  const auto captions = pipeline.caption({&picture, 1}, {}, options.caption);
  tally.model += label_of(captions->front().text) == label_of(sample.label);
  tally.neighbour += label_of(neighbours.find(picture).label) == label_of(sample.label);
}

}  // namespace

std::optional<Evaluation> evaluate_caption(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                           std::span<const Sample> samples, const SuiteOptions& options,
                                           const SampleCallback& callback) {
  const Stopwatch watch;
  Tally tally;
  int done = 0;
  for (const Sample& sample : samples) {
    read_back(pipeline, neighbours, sample.picture, sample, options, tally);
    if (callback && callback(++done, int(samples.size())) == generation::Continue::no) return std::nullopt;
  }
  const int count = int(samples.size());
  return Evaluation{"caption", "share of exactly right labels", share(tally.model, count),
                    "label of the nearest training picture", share(tally.neighbour, count).value, count,
                    watch.seconds(), {}};
}

std::optional<Evaluation> evaluate_roundtrip(generation::Pipeline& pipeline, const NearestNeighbour& neighbours,
                                             std::span<const Sample> samples, const SuiteOptions& options,
                                             const SampleCallback& callback) {
  const Stopwatch watch;
  Tally tally;
  int done = 0;
  for (const Sample& sample : samples) {
    const std::string prompt = sample.caption();
    generation::JobOptions job = options.generate;
    job.seed += std::uint64_t(done);
    const auto drawn = pipeline.generate({&prompt, 1}, job);
    read_back(pipeline, neighbours, drawn->front().image, sample, options, tally);
    if (callback && callback(++done, int(samples.size())) == generation::Continue::no) return std::nullopt;
  }
  const int count = int(samples.size());
  return Evaluation{"roundtrip", "share of drawings whose caption has exactly the label asked for",
                    share(tally.model, count),
                    "the same drawings read by the nearest training picture", share(tally.neighbour, count).value,
                    count, watch.seconds(), {}};
}

}  // namespace lacuna::evaluation
