#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "fusion/graph/fused_ops.h"
#include "runtime/cpu/cpu_executor.h"
#include "tests/support/random_weights.h"

/// The same bytes for any number of threads, and for a sequence whatever its neighbours in the batch are.
namespace lacuna::cpu {
namespace {

using graph::DType;
using graph::GraphBuilder;
using graph::HostTensor;
using graph::Value;

constexpr std::int64_t kWidth = 192, kInner = 320, kVocabulary = 301;
constexpr int kHeads = 6, kKvHeads = 2, kHeadDim = 32;

/// Hidden states, logits and proposals of a two-layer denoiser over ragged segments.
graph::Graph denoiser(const std::vector<std::int64_t>& segments) {
  std::int64_t rows = 0;
  for (std::int64_t n : segments) rows += n;
  GraphBuilder b;
  const Value ids = b.input("ids", DType::i32, {rows}), positions = b.input("positions", DType::i32, {rows, 1});
  const Value sampling = b.input("sampling", DType::f32, {4}), keys = b.input("keys", DType::i32, {rows, 5});
  const graph::RopeAttributes rope{kHeadDim, {kHeadDim / 2}, 10000.0f, graph::RopeLayout::half};
  Value x = b.gather_rows(b.weight("embedding", {kVocabulary, kWidth}), ids);
  for (int layer = 0; layer < 2; ++layer) {
    const std::string at = std::to_string(layer);
    Value h = graph::rms_norm(b, x, b.weight(at + ".norm1.weight", {kWidth}), 1e-5f);
    const Value q = graph::rope(b, b.linear(h, b.weight(at + ".q", {kWidth, kWidth})), positions, rope);
    const Value k = graph::rope(b, b.linear(h, b.weight(at + ".k", {kKvHeads * kHeadDim, kWidth})), positions, rope);
    const Value v = b.linear(h, b.weight(at + ".v", {kKvHeads * kHeadDim, kWidth}));
    const Value mixed = graph::attention(b, q, k, v, {kHeads, kKvHeads, 0.2f, segments});
    x = b.add(x, b.linear(mixed, b.weight(at + ".o", {kWidth, kWidth}), b.weight(at + ".o.bias", {kWidth})));
    h = graph::rms_norm(b, x, b.weight(at + ".norm2.weight", {kWidth}), 1e-5f);
    const Value gated = graph::swiglu(b, b.linear(h, b.weight(at + ".gate", {kInner, kWidth})),
                                      b.linear(h, b.weight(at + ".up", {kInner, kWidth})));
    x = b.add(x, b.linear(gated, b.weight(at + ".down", {kWidth, kInner})));
  }
  x = graph::rms_norm(b, x, b.weight("norm.weight", {kWidth}), 1e-5f);
  const Value head = b.weight("head", {kVocabulary, kWidth});
  b.output("logits", b.linear(x, head));
  b.output("proposals", graph::propose(b, x, std::nullopt, b.slice(head, {0, 40, 240}), sampling, keys));
  return b.finish();
}

/// Inputs of a batch whose sequence number s has content `contents[s]`.
std::vector<HostTensor> denoiser_inputs(const std::vector<std::int64_t>& segments, const std::vector<int>& contents) {
  std::vector<std::int32_t> ids, positions, keys;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (std::int64_t i = 0; i < segments[s]; ++i) {
      ids.push_back(std::int32_t((i * 37 + contents[s] * 101) % kVocabulary));
      positions.push_back(std::int32_t(i));
      for (std::int32_t k : {contents[s], 7, 3, std::int32_t(i), -1}) keys.push_back(k);
    }
  }
  const auto rows = std::int64_t(ids.size());
  const std::vector<float> sampling{0.9f, 1.0f, 50.0f, 0.95f};
  return {HostTensor::of({rows}, ids), HostTensor::of({rows, 1}, positions), HostTensor::of({4}, sampling),
          HostTensor::of({rows, 5}, keys)};
}

std::vector<HostTensor> run(const graph::Graph& graph, const std::vector<HostTensor>& inputs, CpuOptions options) {
  std::vector<HostTensor> outputs;
  for (graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  CpuExecutor executor(options);
  const auto plan = executor.prepare(graph, testing_support::random_weights({graph}));
  plan->run(inputs, outputs);
  for (const HostTensor& output : outputs) {
    for (float v : output.f32()) EXPECT_TRUE(std::isfinite(v));
  }
  return outputs;
}

/// Rows [begin, begin + rows) of a and rows from 0 of b have the same bytes.
void expect_same_rows(const HostTensor& a, std::int64_t begin, const HostTensor& b, std::int64_t rows) {
  const std::size_t row = a.bytes().size() / std::size_t(a.shape()[0]);
  EXPECT_EQ(std::memcmp(a.bytes().data() + std::size_t(begin) * row, b.bytes().data(), std::size_t(rows) * row), 0);
}

struct Machine {
  const char* name;
  CpuOptions options;

  CpuOptions with(int threads) const { return {options.precision, threads, options.allowed}; }
};

class Determinism : public testing::TestWithParam<Machine> {};

TEST_P(Determinism, ThreadsDoNotMatter) {
  const std::vector<std::int64_t> segments{33, 1, 97};
  const graph::Graph graph = denoiser(segments);
  const auto inputs = denoiser_inputs(segments, {1, 2, 3});
  const auto one = run(graph, inputs, GetParam().with(1));
  for (int threads : {2, 3}) {
    const auto many = run(graph, inputs, GetParam().with(threads));
    for (std::size_t i = 0; i < one.size(); ++i) expect_same_rows(many[i], 0, one[i], one[i].shape()[0]);
  }
}

TEST_P(Determinism, NeighboursDoNotMatter) {
  const std::int64_t rows = 61;
  const auto alone = run(denoiser({rows}), denoiser_inputs({rows}, {5}), GetParam().with(2));
  for (std::int64_t before : {1, 31, 288}) {
    const std::vector<std::int64_t> segments{before, rows, 40};
    const auto batch = run(denoiser(segments), denoiser_inputs(segments, {9, 5, 8}), GetParam().with(2));
    for (std::size_t i = 0; i < alone.size(); ++i) expect_same_rows(batch[i], before, alone[i], rows);
  }
}

/// Convolutions, norms and upsampling over pictures.
graph::Graph decoder(std::int64_t batch) {
  GraphBuilder b;
  Value x = b.input("x", DType::f32, {batch, 24, 20, 20});
  x = b.conv2d(x, b.weight("in", {64, 24, 3, 3}), b.weight("in.bias", {64}), {1, 1, 1, 1, 1});
  for (int block = 0; block < 2; ++block) {
    const std::string at = std::to_string(block);
    Value h = graph::group_norm(b, x, b.weight(at + ".norm.weight", {64}), b.weight(at + ".norm.bias", {64}), {1e-6f, 16});
    h = b.conv2d(b.unary(h, graph::Unary::silu), b.weight(at + ".conv", {64, 64, 3, 3}), std::nullopt, {1, 1, 1, 1, 1});
    x = b.upsample_nearest2x(b.add(x, h));
  }
  x = b.conv2d(x, b.weight("down", {32, 64, 3, 3}), b.weight("down.bias", {32}), {2, 0, 0, 1, 1});
  b.output("y", b.conv2d(x, b.weight("out", {3, 32, 1, 1}), b.weight("out.bias", {3}), {}));
  return b.finish();
}

HostTensor pictures(std::int64_t batch, std::int64_t first) {
  HostTensor x(DType::f32, {batch, 24, 20, 20});
  const std::int64_t size = 24 * 20 * 20;
  for (std::int64_t i = 0; i < batch * size; ++i) x.f32()[std::size_t(i)] = std::sin(float(i + first * size) * 0.37f);
  return x;
}

TEST_P(Determinism, PicturesDoNotDependOnThreadsOrNeighbours) {
  const auto alone = run(decoder(1), {pictures(1, 1)}, GetParam().with(1));
  const auto batch = run(decoder(3), {pictures(3, 0)}, GetParam().with(3));
  expect_same_rows(batch[0], 1, alone[0], 1);
}

constexpr CpuFeatures kAll{true, true, true, true};
INSTANTIATE_TEST_SUITE_P(Machines, Determinism,
                         testing::Values(Machine{"f32", {Precision::f32, 0, kAll}},
                                         Machine{"bf16", {Precision::bf16, 0, kAll}},
                                         Machine{"int8", {Precision::int8, 0, kAll}},
                                         Machine{"baseline", {Precision::f32, 0, {}}},
                                         Machine{"avx2", {Precision::f32, 0, {true, false, false, false}}},
                                         Machine{"avx512", {Precision::f32, 0, {true, true, false, false}}}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lacuna::cpu
