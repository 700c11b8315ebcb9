#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"

namespace lacuna::golden {
namespace {

using graph::HostTensor;

/// What an engine gives for the valid positions of one case, padded positions left out of the computation.
struct Computed {
  std::vector<std::size_t> rows;  // indices into [B * T] of the positions that were computed
  std::vector<float> logits;      // [rows, V]
  std::vector<float> hidden;      // [rows, D]
  std::size_t vocabulary = 0;
  std::size_t width = 0;
};

Computed compute(const ReleasedModel& model, Engine& engine, const Tensors& tensors) {
  const auto family = model.family();
  const auto shape = tensors.shape("input_ids");
  const auto input = tensors.integers("input_ids");
  std::vector<std::int64_t> valid(input.size(), 1);
  for (const char* mask : {"validity", "attention_mask"}) {
    if (tensors.has(mask)) valid = tensors.integers(mask);
  }
  Computed out;
  std::vector<std::int32_t> ids, positions, rows;
  std::vector<std::int64_t> segments;
  const auto length = std::size_t(shape[1]);
  for (std::size_t b = 0; b < std::size_t(shape[0]); ++b) {
    const std::size_t before = ids.size();
    for (std::size_t t = 0; t < length; ++t) {
      if (!valid[b * length + t]) continue;
      out.rows.push_back(b * length + t);
      rows.push_back(std::int32_t(ids.size()));
      ids.push_back(std::int32_t(input[b * length + t]));
      positions.push_back(std::int32_t(t));
    }
    segments.push_back(std::int64_t(ids.size() - before));
  }
  const auto count = std::int64_t(ids.size());
  const std::int64_t vocabulary = family->tokens().text.size, width = family->transformer().width;
  fusion::DenoiserShape job{segments, {count, false}, {}, fusion::DenoiserHead::logits, 0};
  const auto plan = engine.executor->prepare(family->build(job), model.checkpoint);
  std::vector<HostTensor> inputs, outputs;
  inputs.push_back(HostTensor::of({count}, ids));
  inputs.push_back(HostTensor::of({count, 1}, positions));
  inputs.push_back(HostTensor::of({count}, rows));
  outputs.emplace_back(graph::DType::f32, graph::Shape{count, vocabulary});
  outputs.emplace_back(graph::DType::f32, graph::Shape{count, width});
  plan->run(inputs, outputs);
  out.vocabulary = std::size_t(vocabulary);
  out.width = std::size_t(width);
  out.logits.assign(outputs[0].f32().begin(), outputs[0].f32().end());
  out.hidden.assign(outputs[1].f32().begin(), outputs[1].f32().end());
  return out;
}

double largest_difference(const std::vector<float>& got, const std::vector<double>& wanted,
                          const std::vector<std::size_t>& rows, std::size_t width) {
  double largest = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < width; ++i) {
      const double difference = std::abs(double(got[r * width + i]) - wanted[rows[r] * width + i]);
      if (!(difference <= largest)) largest = difference;  // keeps a NaN
    }
  }
  return largest;
}

template <class Check>
int for_every_case(std::vector<Engine> engines, Check check) {
  int count = 0;
  for (const auto& file : cases("denoiser", ".safetensors")) {
    if (!has_model(model_of(file))) continue;
    const Tensors tensors(file);
    const auto model = ReleasedModel::open(model_of(file));
    for (Engine& engine : engines) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      check(compute(model, engine, tensors), tensors);
      ++count;
    }
  }
  return count;
}

TEST(GoldenDenoiser, LogitsAndHiddenStatesInFloat32) {
  const int count = for_every_case(float_engines(), [](const Computed& got, const Tensors& tensors) {
    ASSERT_EQ(tensors.shape("logits")[2], std::int64_t(got.vocabulary));
    for (const char* name : {"logits", "logits_f64"}) {
      if (!tensors.has(name)) continue;
      EXPECT_LE(largest_difference(got.logits, tensors.numbers(name), got.rows, got.vocabulary), 5e-4) << name;
    }
    if (tensors.has("hidden_after_block0")) {
      const auto hidden = tensors.numbers("hidden_after_block0");
      EXPECT_LE(largest_difference(got.hidden, hidden, got.rows, got.width), 5e-4);
    }
  });
  EXPECT_GT(count, 0);
}

TEST(GoldenDenoiser, LogitsInBfloat16) {
  if (bf16_engines().empty()) GTEST_SKIP() << "no engine computes in bfloat16 on this machine";
  const int count = for_every_case(bf16_engines(), [](const Computed& got, const Tensors& tensors) {
    const auto wanted = tensors.numbers("logits");
    double squares = 0;
    for (std::size_t r = 0; r < got.rows.size(); ++r) {
      const auto row = std::span(wanted).subspan(got.rows[r] * got.vocabulary, got.vocabulary);
      const auto mine = std::span(got.logits).subspan(r * got.vocabulary, got.vocabulary);
      for (std::size_t i = 0; i < row.size(); ++i) squares += std::pow(double(mine[i]) - row[i], 2);
      const auto best = std::ranges::max_element(row) - row.begin();
      std::vector<double> others(row.begin(), row.end());
      others.erase(others.begin() + best);
      if (row[std::size_t(best)] - *std::ranges::max_element(others) <= 1.0) continue;
      EXPECT_EQ(std::ranges::max_element(mine) - mine.begin(), best) << "row " << got.rows[r];
    }
    EXPECT_LE(std::sqrt(squares / double(got.logits.size())), 0.15);
  });
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace lacuna::golden
