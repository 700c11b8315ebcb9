#include "runtime/evaluation/weight_comparison.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "fusion/graph/philox.h"
#include "fusion/models/all_masked.h"
#include "fusion/models/seen_rows.h"

namespace lacuna::evaluation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using graph::RandomStream;
using graph::uniform_at;

constexpr Modality kModalities[] = {Modality::text, Modality::image};

/// Log-probabilities of one modality's masked positions.
struct Rows {
  std::vector<int> positions;
  std::int64_t classes = 0;
  std::vector<float> log_probabilities;  // [positions, classes]

  std::span<const float> row(std::size_t i) const {
    return std::span(log_probabilities).subspan(i * std::size_t(classes), std::size_t(classes));
  }
};

void normalise(std::span<float> logits) {
  const float peak = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double(logit) - double(peak));
  const double shift = double(peak) + std::log(sum);
  for (float& logit : logits) logit = float(double(logit) - shift);
}

/// One pass over a canvas.
std::vector<Rows> predict(const fusion::ModelFamily& family, graph::Executor& executor,
                          const std::shared_ptr<const graph::WeightSource>& weights, const Canvas& canvas) {
  std::vector<Rows> result;
  fusion::DenoiserShape shape;
  shape.segments = {canvas.size()};
  shape.head = fusion::DenoiserHead::logits;
  for (const Modality modality : kModalities) {
    Rows rows;
    rows.positions = canvas.masked_positions(modality);
    (modality == Modality::text ? shape.text : shape.image).count = std::int64_t(rows.positions.size());
    result.push_back(std::move(rows));
  }
  auto bias = fusion::attention_bias(family, canvas.ids(), shape);
  const graph::Graph graph = family.build(shape);
  std::vector<int> words_from = result[0].positions;
  for (int& position : words_from) position = std::max(0, position - family.transformer().logit_shift);
  std::vector<graph::HostTensor> inputs, outputs;
  for (const graph::ValueId id : graph.inputs) {
    const graph::ValueInfo& info = graph.value(id);
    graph::HostTensor tensor(info.dtype, info.shape);
    if (info.name == "ids") std::ranges::copy(canvas.ids(), tensor.i32().begin());
    if (info.name == "positions") std::ranges::copy(family.positions(canvas), tensor.i32().begin());
    if (info.name == "attention_bias") tensor = std::move(bias.value());
    if (info.name == "times") std::ranges::fill(tensor.f32(), family.time_input(1.0));
    if (info.name == "text_rows") std::ranges::copy(words_from, tensor.i32().begin());
    if (info.name == "image_rows") std::ranges::copy(result[1].positions, tensor.i32().begin());
    inputs.push_back(std::move(tensor));
  }
  for (const graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  executor.prepare(graph, weights)->run(inputs, outputs);
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    Rows& rows = result[graph.value(graph.outputs[i]).name == "text_logits" ? 0 : 1];
    rows.classes = outputs[i].shape()[1];
    rows.log_probabilities.assign(outputs[i].f32().begin(), outputs[i].f32().end());
    for (std::size_t r = 0; r < rows.positions.size(); ++r) {
      normalise(std::span(rows.log_probabilities).subspan(r * std::size_t(rows.classes), std::size_t(rows.classes)));
    }
  }
  return result;
}

std::size_t draw(std::span<const float> log_probabilities, double u) {
  double sum = 0;
  for (std::size_t i = 0; i < log_probabilities.size(); ++i) {
    sum += std::exp(double(log_probabilities[i]));
    if (u < sum) return i;
  }
  return std::size_t(std::ranges::max_element(log_probabilities) - log_probabilities.begin());
}

}  // namespace

WeightComparison compare_weights(const fusion::ModelFamily& family, graph::Executor& executor,
                                 std::shared_ptr<const graph::WeightSource> first,
                                 std::shared_ptr<const graph::WeightSource> other, int canvases, std::uint64_t seed) {
  if (canvases < 1) {
    throw std::invalid_argument("[compare_weights] expected at least one canvas, got " + std::to_string(canvases));
  }
  WeightComparison sum;
  for (int c = 0; c < canvases; ++c) {
    Canvas canvas = fusion::all_masked(family);
    std::vector<std::int32_t> truth(std::size_t(canvas.size()), 0);
    const std::vector<Rows> drawn = predict(family, executor, first, canvas);
    for (std::size_t m = 0; m < drawn.size(); ++m) {
      for (std::size_t i = 0; i < drawn[m].positions.size(); ++i) {
        const int position = drawn[m].positions[i];
        const std::size_t token = draw(drawn[m].row(i), uniform_at(seed, RandomStream::token, std::uint32_t(c), std::uint32_t(position)));
        truth[std::size_t(position)] = std::int32_t(token);
        if (uniform_at(seed, RandomStream::masking, std::uint32_t(c), std::uint32_t(position)) < 0.5) {
          canvas.reveal(position, family.tokens().range(kModalities[m]).begin + std::int32_t(token));
        }
      }
    }
    if (canvas.masked_count() == 0) continue;
    const std::vector<Rows> a = predict(family, executor, first, canvas), b = predict(family, executor, other, canvas);
    for (std::size_t m = 0; m < a.size(); ++m) {
      for (std::size_t i = 0; i < a[m].positions.size(); ++i) {
        const auto p = a[m].row(i), q = b[m].row(i);
        const auto token = std::size_t(truth[std::size_t(a[m].positions[i])]);
        ++sum.positions;
        sum.agreement += std::ranges::max_element(p) - p.begin() == std::ranges::max_element(q) - q.begin() ? 1 : 0;
        sum.log_likelihood += double(p[token]);
        sum.other_log_likelihood += double(q[token]);
        for (std::size_t v = 0; v < p.size(); ++v) {
          sum.divergence += std::exp(double(p[v])) * (double(p[v]) - double(q[v]));
        }
      }
    }
  }
  if (sum.positions == 0) return sum;
  const double n = double(sum.positions);
  for (double* mean : {&sum.agreement, &sum.log_likelihood, &sum.other_log_likelihood, &sum.divergence}) *mean /= n;
  return sum;
}

}  // namespace lacuna::evaluation
