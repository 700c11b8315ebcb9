#include "runtime/self_test.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "fusion/graph/philox.h"

namespace lacuna::runtime {
namespace {

using graph::DType;
using graph::HostTensor;
using graph::Shape;
using graph::Value;

/// Relative to the largest value of an output; float32 sums of a few dozen terms stay far below.
constexpr double kTolerance = 1e-4;

/// Uniform in [-1, 1), the same for the same name.
std::vector<float> numbers(std::uint64_t key, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = float(2.0 * graph::uniform_at(key, graph::RandomStream::data, 0, std::uint32_t(i)) - 1.0);
  }
  return values;
}

/// Weights in the dtype that the first part of their name says: "bf16.head" is stored as bf16.
class Weights final : public graph::WeightSource {
 public:
  explicit Weights(const graph::Graph& graph) {
    std::uint64_t key = 1;
    for (const graph::NamedShape& weight : graph.weights()) add(weight.name, weight.shape, ++key);
  }
  const graph::WeightView* find(std::string_view name) const override {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second.view;
  }

 private:
  struct Entry {
    std::vector<std::byte> bytes;
    std::vector<float> row_scale;
    graph::WeightView view;
  };

  void add(const std::string& name, const Shape& shape, std::uint64_t key) {
    Entry& entry = entries_[name];
    const std::vector<float> values = numbers(key, shape.elements());
    const DType dtype = name.starts_with("bf16") ? DType::bf16
                        : name.starts_with("f16") ? DType::f16
                        : name.starts_with("i8")  ? DType::i8
                                                  : DType::f32;
    entry.bytes.resize(values.size() * size_of(dtype));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(values[i]);
      // Halves: any bit pattern of a number below one will do, as long as both engines read the same.
      const auto half = std::uint16_t(dtype == DType::bf16 ? bits >> 16 : (bits >> 31) << 15 | (0x3000u + (bits & 0x7ffu)));
      const auto byte = std::int8_t(std::lround(127.0 * double(values[i])));
      const void* from = dtype == DType::f32 ? static_cast<const void*>(&values[i])
                         : dtype == DType::i8 ? static_cast<const void*>(&byte)
                                              : static_cast<const void*>(&half);
      std::memcpy(entry.bytes.data() + i * size_of(dtype), from, size_of(dtype));
    }
    if (dtype == DType::i8) {
      for (std::int64_t row = 0; row < shape[0]; ++row) entry.row_scale.push_back(0.01f + 0.001f * float(row % 7));
    }
    entry.view = {dtype, shape, entry.bytes, entry.row_scale};
  }

  std::map<std::string, Entry, std::less<>> entries_;
};

graph::Graph make_graph() {
  graph::GraphBuilder b;
  const Value x = b.input("x", DType::f32, {9, 30});
  const Value ids = b.input("ids", DType::i32, {9});
  const Value sampling = b.input("sampling", DType::f32, {4});
  const Value keys = b.input("keys", DType::i32, {9, 5});
  for (const char* dtype : {"f32", "f16", "bf16", "i8"}) {
    const std::string name = dtype;
    b.output("product_" + name, b.linear(x, b.weight(name + ".matrix", {43, 30}), b.weight("bias", {43})));
    b.output("rows_" + name, b.gather_rows(b.weight(name + ".table", {9, 13}), ids));
  }
  b.output("tokens", graph::propose(b, x, std::nullopt, b.weight("bf16.head", {77, 30}), sampling, keys));
  b.output("rms_norm", graph::rms_norm(b, x, b.weight("norm", {30}), 1e-5f));
  const Value rotated = graph::rope(b, x, b.reshape(ids, {9, 1}), {.head_dim = 10, .sections = {5}});
  b.output("rope", rotated);
  b.output("attention", graph::attention(b, rotated, x, x, {.heads = 3, .kv_heads = 3, .scale = 0.3f, .segments = {4, 5}}));
  b.output("swiglu", graph::swiglu(b, x, rotated));
  const Value picture = b.reshape(b.slice(x, {.axis = 1, .begin = 0, .end = 28}), {1, 4, 9, 7});
  b.output("convolution", b.conv2d(picture, b.weight("f16.kernel", {5, 4, 3, 3}), b.weight("channel", {5}),
                                   {.stride = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}));
  b.output("group_norm", graph::group_norm(b, picture, b.weight("scale", {4}), b.weight("shift", {4}), {.groups = 2}));
  b.output("upsample", b.upsample_nearest2x(picture));
  b.output("codes", graph::quantise_nearest(b, picture, b.weight("codebook", {19, 4})));
  return b.finish();
}

std::vector<HostTensor> make_inputs() {
  std::vector<std::int32_t> ids{3, 0, 8, 1, 5, 5, 2, 7, 4}, keys;
  for (std::int32_t row = 0; row < 9; ++row) keys.insert(keys.end(), {17 * row, 1, row, row, row % 2 == 0 ? -1 : row});
  std::vector<HostTensor> inputs;
  inputs.push_back(HostTensor::of({9, 30}, numbers(99, 270)));
  inputs.push_back(HostTensor::of({9}, ids));
  inputs.push_back(HostTensor::of({4}, std::vector<float>{0.7f, 1.0f, 0.0f, 1.0f}));
  inputs.push_back(HostTensor::of({9, 5}, keys));
  return inputs;
}

std::vector<HostTensor> run(graph::Executor& engine, const graph::Graph& graph,
                            const std::shared_ptr<const Weights>& weights) {
  std::vector<HostTensor> outputs;
  for (const graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  const auto inputs = make_inputs();
  engine.prepare(graph, weights)->run(inputs, outputs);
  return outputs;
}

/// Infinity for another integer, or a value that is no number.
double difference(const HostTensor& got, const HostTensor& expected) {
  if (got.dtype() == DType::i32) return std::ranges::equal(got.i32(), expected.i32()) ? 0.0 : HUGE_VAL;
  double largest = 1e-6, worst = 0.0;
  for (std::size_t i = 0; i < expected.f32().size(); ++i) {
    largest = std::max(largest, std::abs(double(expected.f32()[i])));
    const double error = std::abs(double(got.f32()[i]) - double(expected.f32()[i]));
    worst = error <= worst ? worst : std::isnan(error) ? HUGE_VAL : error;
  }
  return worst / largest;
}

}  // namespace

std::string failing_part(graph::Executor& engine, graph::Executor& reference) {
  const graph::Graph graph = make_graph();
  const auto weights = std::make_shared<const Weights>(graph);
  const std::vector<HostTensor> expected = run(reference, graph, weights), got = run(engine, graph, weights);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = difference(got[i], expected[i]);
    if (error <= kTolerance) continue;
    char text[64];
    std::snprintf(text, sizeof text, " (off by %.2g of the largest value)", error);
    return graph.value(graph.outputs[i]).name + text;
  }
  return {};
}

}  // namespace lacuna::runtime
