#include <algorithm>
#include <cmath>
#include <cstring>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "fusion/graph/philox.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/self_test.h"
#include "runtime/vulkan/vulkan_executor.h"
#include "tests/support/memory_weights.h"
#include "tests/vulkan/need_device.h"

/// Devices smaller than the one that is there: bindings and allocations that are too small for a value, and submits of
/// one workgroup.
namespace lacuna::vulkan {
namespace {

using graph::DType;
using graph::HostTensor;
using graph::Value;

constexpr std::int64_t kRows = 301, kWidth = 63;

std::vector<float> numbers(std::uint64_t key, std::size_t count, float scale = 1.0f) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = scale * float(2.0 * graph::uniform_at(key, graph::RandomStream::data, 0, std::uint32_t(i)) - 1.0);
  }
  return values;
}

std::shared_ptr<testing_support::MemoryWeights> weights_as(DType dtype) {
  auto weights = std::make_shared<testing_support::MemoryWeights>();
  const std::vector<float> values = numbers(1, std::size_t(kRows * kWidth));
  std::vector<std::byte> bytes(values.size() * size_of(dtype));
  std::vector<float> row_scale;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, &values[i], 4);
    const auto half = std::uint16_t(dtype == DType::bf16 ? bits >> 16 : (bits >> 31) << 15 | (0x3000u + (bits & 0x7ffu)));
    const auto byte = std::int8_t(100.0f * values[i]);
    const void* from = dtype == DType::f32 ? static_cast<const void*>(&values[i])
                       : dtype == DType::i8 ? static_cast<const void*>(&byte)
                                            : static_cast<const void*>(&half);
    std::memcpy(bytes.data() + i * size_of(dtype), from, size_of(dtype));
  }
  if (dtype == DType::i8) row_scale = numbers(2, std::size_t(kRows));
  weights->add("matrix", dtype, {kRows, kWidth}, std::move(bytes), std::move(row_scale));
  weights->add("bias", {kRows}, numbers(3, std::size_t(kRows)));
  return weights;
}

std::vector<HostTensor> run(graph::Executor& engine, const graph::Graph& graph, const std::vector<HostTensor>& inputs,
                            const std::shared_ptr<const graph::WeightSource>& weights) {
  std::vector<HostTensor> outputs;
  for (const graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  engine.prepare(graph, weights)->run(inputs, outputs);
  return outputs;
}

class SmallBindings : public testing::TestWithParam<DType> {};

TEST_P(SmallBindings, WeightsAreSplitByRows) {
  LACUNA_NEED_VULKAN_DEVICE();
  graph::GraphBuilder b;
  const Value x = b.input("x", DType::f32, {5, kWidth}), ids = b.input("ids", DType::i32, {7});
  const Value sampling = b.input("sampling", DType::f32, {4}), keys = b.input("keys", DType::i32, {5, 5});
  const Value matrix = b.weight("matrix", {kRows, kWidth});
  b.output("product", b.linear(x, matrix, b.weight("bias", {kRows})));
  b.output("rows", b.gather_rows(matrix, ids));
  b.output("tokens", graph::propose(b, x, std::nullopt, matrix, sampling, keys));
  const graph::Graph graph = b.finish();

  std::vector<HostTensor> inputs;
  inputs.push_back(HostTensor::of({5, kWidth}, numbers(4, std::size_t(5 * kWidth))));
  inputs.push_back(HostTensor::of({7}, std::vector<std::int32_t>{0, 300, 31, 32, 33, 150, 299}));
  inputs.push_back(HostTensor::of({4}, std::vector<float>{1.0f, 1.0f, 0.0f, 1.0f}));
  std::vector<std::int32_t> key_words;
  for (std::int32_t row = 0; row < 5; ++row) key_words.insert(key_words.end(), {row, 9, 1, row, -1});
  inputs.push_back(HostTensor::of({5, 5}, key_words));

  VulkanOptions options;
  constexpr std::uint64_t kRange = 8192;  // the values of this graph fit, the matrix does not
  options.restrict_device = [](DeviceInfo& device) { device.limits.storage_range = kRange; };
  VulkanExecutor engine(options);
  cpu::ReferenceExecutor reference;
  const auto weights = weights_as(GetParam());
  ASSERT_GT(std::uint64_t(kRows * kWidth) * size_of(GetParam()), kRange);
  const auto expected = run(reference, graph, inputs, weights), got = run(engine, graph, inputs, weights);
  for (std::size_t o = 0; o < got.size(); ++o) {
    for (std::size_t i = 0; i < expected[o].f32().size(); ++i) {
      EXPECT_NEAR(got[o].f32()[i], expected[o].f32()[i], 2e-4 * (1.0 + std::abs(expected[o].f32()[i])))
          << graph.value(graph.outputs[o]).name << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, SmallBindings, testing::Values(DType::f32, DType::f16, DType::bf16, DType::i8),
                         [](const testing::TestParamInfo<DType>& info) { return std::string(name_of(info.param)); });

TEST(SmallDevice, ValuesLieInSeveralAllocations) {
  LACUNA_NEED_VULKAN_DEVICE();
  constexpr std::uint64_t kLimit = 16384;
  VulkanOptions options;
  options.restrict_device = [](DeviceInfo& device) { device.limits.allocation = kLimit; };
  VulkanExecutor engine(options);
  // Five values of 10,000 bytes, all alive until the sum.
  graph::GraphBuilder b;
  const Value x = b.input("x", DType::f32, {2500});
  std::vector<Value> parts;
  for (int i = 0; i < 5; ++i) parts.push_back(b.affine(x, {float(i + 1), 0.5f}));
  Value sum = parts[0];
  for (int i = 1; i < 5; ++i) sum = b.add(sum, parts[std::size_t(i)]);
  b.output("y", sum);
  const graph::Graph graph = b.finish();
  std::vector<HostTensor> inputs, outputs;
  inputs.push_back(HostTensor::of({2500}, numbers(5, 2500)));
  outputs.emplace_back(DType::f32, graph::Shape{2500});
  const auto plan = engine.prepare(graph, std::make_shared<testing_support::MemoryWeights>());
  EXPECT_GT(plan->scratch_bytes(), kLimit);
  plan->run(inputs, outputs);
  for (std::size_t i = 0; i < 2500; ++i) ASSERT_NEAR(outputs[0].f32()[i], 15 * inputs[0].f32()[i] + 2.5, 1e-4) << i;
}

/// As an 8B model at thousands of tokens has them: rows are worked on some at a time, and what cannot be is refused.
TEST(SmallDevice, ValuesLargerThanABindingAreWorkedOnByRows) {
  LACUNA_NEED_VULKAN_DEVICE();
  constexpr std::int64_t kTokens = 320, kHidden = 40, kInner = 62;  // 51 and 79 KB
  graph::GraphBuilder b;
  const Value ids = b.input("ids", DType::i32, {kTokens}), positions = b.input("positions", DType::i32, {kTokens, 1});
  const Value x = b.gather_rows(b.weight("table", {77, kHidden}), ids);
  const Value row = b.weight("row", {kHidden});
  const Value h = graph::rms_norm(b, x, row, 1e-5f);
  const Value gate = b.linear(h, b.weight("gate", {kInner, kHidden}), b.weight("gate_bias", {kInner}));
  const Value mixed = graph::swiglu(b, gate, b.linear(h, b.weight("up", {kInner, kHidden})));
  const Value y = b.add(b.multiply(x, row), b.linear(mixed, b.weight("down", {kHidden, kInner})));
  const Value turned = graph::rope(b, y, positions, {.head_dim = 10, .sections = {5}});
  b.output("rope", turned);
  b.output("layer_norm", graph::layer_norm(b, b.unary(turned, graph::Unary::silu), row, b.weight("shift", {kHidden}), 1e-5f));
  b.output("softmax", b.softmax(turned));
  b.output("argmax", b.argmax(turned));
  b.output("means", b.reduce(turned, graph::Reduction::mean));
  b.output("permuted", b.permute(b.reshape(turned, {kTokens, 4, 10}), {1, 0, 2}));
  b.output("slice", b.slice(turned, {.axis = 1, .begin = 3, .end = 40}));
  const Value both[] = {turned, y};
  b.output("concat_rows", b.concat(both, 0));
  b.output("concat_columns", b.concat(both, 1));
  const Value picture = b.reshape(turned, {1, 4, 10, kTokens});
  b.output("upsample", b.upsample_nearest2x(picture));
  const graph::Graph rows = b.finish();
  graph::GraphBuilder c;  // whole channels, where the kernels of norms are fused ones
  const Value planes = c.input("x", DType::f32, {1, 4, 10, kTokens});
  c.output("group_norm", graph::group_norm(c, planes, c.weight("scale4", {4}), c.weight("shift4", {4}), {.groups = 4}));
  const Value some = c.slice(planes, {.axis = 3, .begin = 0, .end = 64});
  c.output("codes", graph::quantise_nearest(c, some, c.weight("codebook", {19, 4})));
  const graph::Graph channels = c.finish();

  auto weights = std::make_shared<testing_support::MemoryWeights>();
  std::uint64_t key = 40;
  for (const graph::Graph* graph : {&rows, &channels}) {
    for (const graph::NamedShape& weight : graph->weights()) {
      weights->add(weight.name, weight.shape, numbers(++key, std::size_t(weight.shape.elements())));
    }
  }
  std::vector<std::int32_t> tokens, places;
  for (std::int32_t i = 0; i < kTokens; ++i) {
    tokens.push_back(i * 31 % 77);
    places.push_back(i);
  }
  std::vector<HostTensor> ids_and_places, picture_alone;
  ids_and_places.push_back(HostTensor::of({kTokens}, tokens));
  ids_and_places.push_back(HostTensor::of({kTokens, 1}, places));
  picture_alone.push_back(HostTensor::of({1, 4, 10, kTokens}, numbers(6, 40 * kTokens)));
  cpu::ReferenceExecutor reference;
  const auto compare = [&](const graph::Graph& graph, const std::vector<HostTensor>& inputs, Kernels kernels) {
    const auto expected = run(reference, graph, inputs, weights);
    VulkanOptions options;
    options.kernels = kernels;
    options.validation = Validation::on;
    options.on_message = [](const std::string& message) { ADD_FAILURE() << message; };
    // Weights still fit: 64 x 40 and 77 x 40 floats.
    options.restrict_device = [](DeviceInfo& device) { device.limits.storage_range = 13 * 1024; };
    VulkanExecutor engine(options);
    const auto got = run(engine, graph, inputs, weights);
    for (std::size_t o = 0; o < got.size(); ++o) {
      const std::string& name = graph.value(graph.outputs[o]).name;
      if (got[o].dtype() == DType::i32) {
        EXPECT_TRUE(std::ranges::equal(got[o].i32(), expected[o].i32())) << name;
        continue;
      }
      for (std::size_t i = 0; i < expected[o].f32().size(); ++i) {
        ASSERT_NEAR(got[o].f32()[i], expected[o].f32()[i], 1e-4 * (1.0 + std::abs(expected[o].f32()[i]))) << name << " " << i;
      }
    }
  };
  for (const Kernels kernels : {Kernels::automatic, Kernels::tiles, Kernels::plain}) compare(rows, ids_and_places, kernels);
  compare(channels, picture_alone, Kernels::automatic);
}

/// Ops that are no rows: pictures in strips, attention by heads, batches and rows of products, rows of a draw.
TEST(SmallDevice, PicturesAttentionProductsAndDrawsAreCut) {
  LACUNA_NEED_VULKAN_DEVICE();
  struct Part {
    std::string name;
    graph::Graph graph;
    std::vector<HostTensor> inputs;
  };
  std::vector<Part> parts;
  auto weights = std::make_shared<testing_support::MemoryWeights>();
  std::uint64_t key = 60;
  const auto input = [&](const graph::Shape& shape) {
    return HostTensor::of(shape, numbers(++key, std::size_t(shape.elements())));
  };
  for (const graph::Conv2dAttributes& a : {graph::Conv2dAttributes{1, 1, 1, 1, 1}, {2, 0, 1, 1, 0}, {1, 4, 0, 5, 0}, {3, 1, 1, 1, 1}}) {
    graph::GraphBuilder b;
    const Value x = b.input("x", DType::f32, {2, 5, 23, 31});
    b.output("y", b.conv2d(x, b.weight("filters", {6, 5, 3, 3}), b.weight("bias", {6}), a));
    parts.push_back({"conv2d, stride " + std::to_string(a.stride), b.finish(), {}});
    parts.back().inputs.push_back(input({2, 5, 23, 31}));
  }
  weights->add("filters", {6, 5, 3, 3}, numbers(51, 270));
  weights->add("bias", {6}, numbers(52, 6));
  for (const auto& [heads, kv_heads, head_dim] : {std::array{6, 2, 12}, {6, 6, 10}, {8, 1, 9}}) {
    graph::GraphBuilder b;
    constexpr std::int64_t kTokens = 53;
    const graph::Shape wide{kTokens, heads * head_dim}, narrow{kTokens, kv_heads * head_dim};
    const Value q = b.input("q", DType::f32, wide), k = b.input("k", DType::f32, narrow), v = b.input("v", DType::f32, narrow);
    b.output("y", graph::attention(b, q, k, v, {heads, kv_heads, 0.5f, {20, 33}}));
    parts.push_back({"attention, heads of " + std::to_string(head_dim), b.finish(), {}});
    for (const graph::Shape& shape : {wide, narrow, narrow}) parts.back().inputs.push_back(input(shape));
  }
  for (const bool transpose : {false, true}) {
    graph::GraphBuilder b;
    const graph::Shape left{3, 97, 33}, right = transpose ? graph::Shape{3, 21, 33} : graph::Shape{3, 33, 21};
    const Value a = b.input("a", DType::f32, left), c = b.input("b", DType::f32, right);
    b.output("y", b.matmul(a, c, {.transpose_b = transpose}));
    parts.push_back({transpose ? "matmul, transposed" : "matmul", b.finish(), {}});
    parts.back().inputs.push_back(input(left));
    parts.back().inputs.push_back(input(right));
  }
  {
    graph::GraphBuilder b;
    constexpr std::int64_t kDraws = 70, kClasses = 131;
    const Value l = b.input("logits", DType::f32, {kDraws, kClasses}), u = b.input("unconditional", DType::f32, {kDraws, kClasses});
    const Value sampling = b.input("sampling", DType::f32, {4}), ids = b.input("keys", DType::i32, {kDraws, 5});
    b.output("y", b.draw(l, u, sampling, ids));
    parts.push_back({"draw", b.finish(), {}});
    std::vector<std::int32_t> keys;
    for (std::int32_t row = 0; row < kDraws; ++row) keys.insert(keys.end(), {row * 31, 1, 2, row, -1});
    for (int i = 0; i < 2; ++i) parts.back().inputs.push_back(input({kDraws, kClasses}));
    parts.back().inputs.push_back(HostTensor::of({4}, std::vector<float>{0.8f, 1.5f, 0.0f, 1.0f}));
    parts.back().inputs.push_back(HostTensor::of({kDraws, 5}, keys));
  }
  cpu::ReferenceExecutor reference;
  for (const Kernels kernels : {Kernels::automatic, Kernels::tiles, Kernels::plain}) {
    for (const std::uint64_t range : {13 * 1024, 9728}) {
      VulkanOptions options;
      options.kernels = kernels;
      options.validation = Validation::on;
      options.on_message = [](const std::string& message) { ADD_FAILURE() << message; };
      options.restrict_device = [&](DeviceInfo& device) { device.limits.storage_range = range; };
      VulkanExecutor engine(options);
      for (const Part& part : parts) {
        // From primitives, attention is larger than this.
        if (kernels == Kernels::plain && part.name.starts_with("attention")) continue;
        SCOPED_TRACE(part.name + ", " + std::to_string(range) + " bytes, kernels " + std::to_string(int(kernels)));
        const auto expected = run(reference, part.graph, part.inputs, weights), got = run(engine, part.graph, part.inputs, weights);
        for (std::size_t i = 0; i < expected[0].f32().size(); ++i) {
          const float e = expected[0].f32()[i];
          ASSERT_NEAR(got[0].f32()[i], e, 1e-4 * (1.0 + std::abs(e))) << i;
        }
      }
    }
  }
}

TEST(SmallDevice, WhatCannotBeSplitIsRefusedWithNumbers) {
  LACUNA_NEED_VULKAN_DEVICE();
  VulkanOptions options;
  options.restrict_device = [](DeviceInfo& device) { device.limits.storage_range = 8192; };
  VulkanExecutor engine(options);
  graph::GraphBuilder b;
  const Value x = b.input("x", DType::f32, {1, 100, 100});
  b.output("y", b.matmul(x, x, {.transpose_b = true}));
  try {
    engine.prepare(b.finish(), std::make_shared<testing_support::MemoryWeights>());
    ADD_FAILURE() << "40,000 bytes fitted into 8,192";
  } catch (const graph::DeviceError& error) {
    EXPECT_EQ(error.kind(), graph::DeviceError::Kind::unsupported);
    EXPECT_NE(std::string(error.what()).find("got 40000 for"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("matmul"), std::string::npos) << error.what();
  }
}

TEST(SmallDevice, AValueLargerThanAnAllocationIsRefusedWithNumbers) {
  LACUNA_NEED_VULKAN_DEVICE();
  VulkanOptions options;
  options.restrict_device = [](DeviceInfo& device) { device.limits.allocation = 1 << 20; };
  VulkanExecutor engine(options);
  graph::GraphBuilder b;
  b.output("y", b.affine(b.affine(b.input("x", DType::f32, {1 << 19}), {2.0f, 0.0f}), {2.0f, 0.0f}));
  try {
    engine.prepare(b.finish(), std::make_shared<testing_support::MemoryWeights>());
    ADD_FAILURE() << "two mebibytes fitted into one";
  } catch (const graph::DeviceError& error) {
    EXPECT_EQ(error.kind(), graph::DeviceError::Kind::out_of_memory);
    EXPECT_NE(std::string(error.what()).find("2 MiB"), std::string::npos) << error.what();
  }
}

TEST(TimeBoxes, SubmitsOfSingleWorkgroupsGiveTheSame) {
  LACUNA_NEED_VULKAN_DEVICE();
  VulkanOptions options;
  options.submit_target = options.submit_limit = 1e-9;
  VulkanExecutor engine(options);
  cpu::ReferenceExecutor reference;
  for (const runtime::FailingPart& part : runtime::failing_parts(engine, reference, runtime::all_test_parts())) {
    ADD_FAILURE() << part.part << ": " << part.detail;
  }
}

/// Rows as bad networks give them: tiny differences, subnormals, infinities below, no numbers.
TEST(Draw, OddLogitsGiveWhatTheReferenceGives) {
  LACUNA_NEED_VULKAN_DEVICE();
  constexpr std::int64_t kDraws = 96, kClasses = 1031;
  std::vector<float> logits;
  std::vector<std::int32_t> keys;
  for (std::int64_t row = 0; row < kDraws; ++row) {
    const float scale = row % 4 == 0 ? 1e-39f : row % 4 == 1 ? 1.0f : row % 4 == 2 ? 30.0f : 1e-4f;
    auto values = numbers(100 + std::uint64_t(row), std::size_t(kClasses), scale);
    if (row % 5 == 0) std::fill(values.begin(), values.begin() + 1000, -INFINITY);
    if (row % 16 == 15) values[517] = NAN;
    // Many classes with one logit, so that filters have to cut through equals.
    if (row % 6 == 1) for (float& v : values) v = std::round(2.0f * v / scale);
    logits.insert(logits.end(), values.begin(), values.end());
    keys.insert(keys.end(), {std::int32_t(row) * 7919, 3, 2, std::int32_t(row), row % 3 == 0 ? 1002 : -1});
  }
  graph::GraphBuilder b;
  const Value l = b.input("logits", DType::f32, {kDraws, kClasses}), s = b.input("sampling", DType::f32, {4});
  b.output("tokens", b.draw(l, std::nullopt, s, b.input("keys", DType::i32, {kDraws, 5})));
  const graph::Graph graph = b.finish();
  const auto none = std::make_shared<testing_support::MemoryWeights>();
  VulkanExecutor engine;
  cpu::ReferenceExecutor reference;
  for (const auto& sampling : {std::vector<float>{1.0f, 1.0f, 0.0f, 1.0f}, {0.0f, 1.0f, 0.0f, 1.0f},
                               {0.8f, 1.0f, 50.0f, 1.0f}, {1.2f, 1.0f, 0.0f, 0.9f},
                               {0.8f, 1.0f, 50.0f, 0.9f}, {1.5f, 1.0f, 1.0f, 0.5f}, {1.0f, 1.0f, 1031.0f, 1e-6f}}) {
    std::vector<HostTensor> inputs;
    inputs.push_back(HostTensor::of({kDraws, kClasses}, logits));
    inputs.push_back(HostTensor::of({4}, sampling));
    inputs.push_back(HostTensor::of({kDraws, 5}, keys));
    const auto expected = run(reference, graph, inputs, none), got = run(engine, graph, inputs, none);
    for (std::int64_t row = 0; row < kDraws; ++row) {
      const float* e = &expected[0].f32()[std::size_t(4 * row)];
      const float* g = &got[0].f32()[std::size_t(4 * row)];
      if (row % 16 == 15) {
        EXPECT_EQ(std::isfinite(e[1]) && std::isfinite(e[3]), std::isfinite(g[1]) && std::isfinite(g[3])) << row;
        continue;
      }
      EXPECT_EQ(e[0], g[0]) << "row " << row << ", temperature " << sampling[0];
      EXPECT_NEAR(e[1], g[1], 1e-3 * (1.0 + std::abs(e[1]))) << row;
    }
  }
}

}  // namespace
}  // namespace lacuna::vulkan
