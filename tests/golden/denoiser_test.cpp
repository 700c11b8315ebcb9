#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fusion/graph/fused_ops.h"
#include "fusion/models/seen_rows.h"
#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"

namespace lacuna::golden {
namespace {

using graph::HostTensor;

/// What an engine gives for the rows of one case that can be compared.
struct Computed {
  std::vector<std::size_t> rows;  // indices into [B * T] of the positions that were computed
  std::vector<float> logits;      // [rows, V]
  std::vector<float> hidden;      // [rows, D]
  std::size_t vocabulary = 0;
  std::size_t width = 0;
};

/// The rows of a batch without those that `validity` names as padding, one sequence after another.
struct Rows {
  std::vector<std::size_t> from;  // [B * T]
  std::vector<std::int32_t> ids, positions;
  std::vector<std::int64_t> segments;
};

Rows rows_of(const Tensors& tensors) {
  const auto shape = tensors.shape("input_ids");
  const auto input = tensors.integers("input_ids");
  const auto valid = tensors.has("validity") ? tensors.integers("validity") : std::vector<std::int64_t>(input.size(), 1);
  Rows rows;
  const auto length = std::size_t(shape[1]);
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (i % length == 0) rows.segments.push_back(0);
    if (!valid[i]) continue;
    ++rows.segments.back();
    rows.from.push_back(i);
    rows.ids.push_back(std::int32_t(input[i]));
    rows.positions.push_back(std::int32_t(i % length));
  }
  std::erase(rows.segments, 0);
  return rows;
}

/// `attention_mask` as the additive input that it is there: keys with 0 are seen by no row.
HostTensor key_bias(const Tensors& tensors, const Rows& rows, std::int64_t columns) {
  const auto mask = tensors.integers("attention_mask");
  HostTensor bias(graph::DType::f32, {std::int64_t(rows.ids.size()), columns});
  for (std::size_t r = 0; r < rows.ids.size(); ++r) {
    const std::size_t first = rows.from[r] / std::size_t(columns) * std::size_t(columns);
    for (std::size_t j = 0; j < std::size_t(columns); ++j) {
      bias.f32()[r * std::size_t(columns) + j] = mask[first + j] ? 0.0f : graph::kUnseen;
    }
  }
  return bias;
}

Computed compute(const ReleasedModel& model, Engine& engine, const Tensors& tensors) {
  const auto family = model.whole_family();
  const Rows rows = rows_of(tensors);
  const auto count = std::int64_t(rows.ids.size());
  const std::int64_t vocabulary = family->tokens().text.size, width = family->transformer().width;
  fusion::DenoiserShape job{rows.segments, {count, false}, {}, fusion::DenoiserHead::logits, 0};
  std::vector<std::int32_t> wanted(rows.ids.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  std::vector<HostTensor> inputs, outputs;
  inputs.push_back(HostTensor::of({count}, rows.ids));
  inputs.push_back(HostTensor::of({count, 1}, rows.positions));
  if (tensors.has("attention_mask")) {
    job.bias_columns = tensors.shape("input_ids")[1];
    inputs.push_back(key_bias(tensors, rows, job.bias_columns));
  } else if (auto bias = fusion::attention_bias(*family, rows.ids, job)) {
    inputs.push_back(std::move(*bias));
  }
  const auto plan = engine.executor->prepare(family->build(job), model.checkpoint);
  inputs.push_back(HostTensor::of({count}, wanted));
  outputs.emplace_back(graph::DType::f32, graph::Shape{count, vocabulary});
  outputs.emplace_back(graph::DType::f32, graph::Shape{count, width});
  plan->run(inputs, outputs);
  Computed out{rows.from, {}, {}, std::size_t(vocabulary), std::size_t(width)};
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
