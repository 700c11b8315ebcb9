#include <cmath>
#include <cstring>
#include <map>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "tools/bench/device_bench.h"
#include "tools/bench/random_source.h"

namespace lacuna::bench {
namespace {

using graph::DType;
using graph::Value;

/// Matrices and filters in a stored dtype, small enough that a chain of products keeps its size.
class StoredWeights final : public graph::WeightSource {
 public:
  StoredWeights(DType dtype, const graph::Graph& graph) {
    for (const graph::NamedShape& weight : graph.weights()) add(weight.name, dtype, weight.shape);
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

  void add(const std::string& name, DType dtype, const graph::Shape& shape) {
    Entry& entry = entries_[name];
    entry.bytes.resize(std::size_t(shape.elements()) * size_of(dtype));
    const graph::HostTensor values = random_tensor(DType::f32, shape, 1);
    const float spread = std::sqrt(3.0f * float(shape[0]) / float(shape.elements()));
    for (std::size_t i = 0; i < values.f32().size(); ++i) {
      const float value = values.f32()[i], scaled = spread * value;
      // Halves near the same spread: sign, an exponent for [1/32, 1/16), ten bits of fraction.
      const auto half = std::uint16_t((value < 0 ? 0x8000 : 0) | 0x2800 | int(std::abs(value) * 1023.0f));
      const auto byte = std::int8_t(std::lround(127.0f * value));
      const void* from = dtype == DType::f16 ? static_cast<const void*>(&half)
                         : dtype == DType::i8 ? static_cast<const void*>(&byte)
                                              : static_cast<const void*>(&scaled);
      std::memcpy(entry.bytes.data() + i * size_of(dtype), from, size_of(dtype));
    }
    if (dtype == DType::i8) entry.row_scale.assign(std::size_t(shape[0]), spread / 127.0f);
    entry.view = {dtype, shape, entry.bytes, entry.row_scale};
  }

  std::map<std::string, Entry, std::less<>> entries_;
};

DeviceCase product(std::int64_t rows, DType dtype, std::int64_t width = 1024) {
  DeviceCase c;
  c.suite = "gemm";
  c.name = "product " + std::string(dtype == DType::i8 ? "int8" : name_of(dtype)) + " " + std::to_string(rows) + "x" + std::to_string(width) + "x" +
           std::to_string(width);
  c.links = rows == 256 ? 8 : 2;
  const auto chain = [&](std::int64_t n, int links) {
    graph::GraphBuilder b;
    Value x = b.input("x", DType::f32, {n, width});
    for (int i = 0; i < links; ++i) x = b.linear(x, b.weight("matrix", {width, width}));
    b.output("y", links == 1 ? x : b.reduce(x, graph::Reduction::sum));
    return b.finish();
  };
  c.verified = chain(67, 1);
  c.timed = chain(rows, c.links);
  c.operations = c.timed.flops();
  c.weights = std::make_shared<const StoredWeights>(dtype, c.timed);
  return c;
}

DeviceCase attention(std::int64_t rows, int heads, std::int64_t head_dim) {
  DeviceCase c;
  c.suite = "attention";
  c.name = "attention " + std::to_string(rows) + " rows, " + std::to_string(heads) + " heads of " + std::to_string(head_dim);
  c.links = 2;
  const auto chain = [&](std::int64_t n, int links) {
    graph::GraphBuilder b;
    const graph::Shape shape{n, heads * head_dim};
    Value q = b.input("q", DType::f32, shape);
    const Value k = b.input("k", DType::f32, shape), v = b.input("v", DType::f32, shape);
    const graph::AttentionAttributes attributes{heads, heads, 1.0f / std::sqrt(float(head_dim)), {n}};
    for (int i = 0; i < links; ++i) q = graph::attention(b, q, k, v, attributes);
    b.output("y", links == 1 ? q : b.reduce(q, graph::Reduction::sum));
    return b.finish();
  };
  c.verified = chain(67, 1);
  c.timed = chain(rows, c.links);
  c.operations = c.timed.flops();
  c.weights = std::make_shared<const StoredWeights>(DType::f32, c.timed);
  return c;
}

DeviceCase convolution(std::int64_t size, std::int64_t channels) {
  DeviceCase c;
  c.suite = "convolution";
  c.name = "convolution 3x3, " + std::to_string(size) + "x" + std::to_string(size) + ", " + std::to_string(channels) + " channels";
  c.links = 2;
  const auto chain = [&](std::int64_t n, int links) {
    graph::GraphBuilder b;
    Value x = b.input("x", DType::f32, {1, channels, n, n});
    const Value w = b.weight("filters", {channels, channels, 3, 3});
    for (int i = 0; i < links; ++i) x = b.conv2d(x, w, std::nullopt, {1, 1, 1, 1, 1});
    b.output("y", links == 1 ? x : b.reduce(x, graph::Reduction::sum));
    return b.finish();
  };
  c.verified = chain(7, 1);
  c.timed = chain(size, c.links);
  c.operations = c.timed.flops();
  c.weights = std::make_shared<const StoredWeights>(DType::f32, c.timed);
  return c;
}

/// Tokens of a step, from hidden rows so narrow that nearly all of it is the draw. `input` is "sampling" or "filtered".
DeviceCase draw(std::int64_t rows, std::int64_t classes, const std::string& input) {
  DeviceCase c;
  c.suite = "draw";
  c.name = "draw of " + std::to_string(rows) + " rows, " + std::to_string(classes) + " classes" +
           (input == "filtered" ? ", top-k 50, top-p 0.9" : "");
  const auto step = [&](std::int64_t n) {
    graph::GraphBuilder b;
    const Value hidden = b.input("hidden", DType::f32, {n, 4}), sampling = b.input(input, DType::f32, {4});
    const Value keys = b.input("keys", DType::i32, {n, 5});
    b.output("tokens", graph::propose(b, hidden, std::nullopt, b.weight("head", {classes, 4}), sampling, keys));
    return b.finish();
  };
  c.verified = step(7);
  c.timed = step(rows);
  c.weights = std::make_shared<const StoredWeights>(DType::f32, c.timed);
  return c;
}

}  // namespace

std::vector<DeviceCase> device_cases() {
  std::vector<DeviceCase> cases;
  for (const std::int64_t rows : {256, 1024}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::i8}) cases.push_back(product(rows, dtype));
  }
  cases.push_back(attention(1024, 12, 64));
  cases.push_back(attention(512, 8, 128));
  cases.push_back(convolution(64, 128));
  for (const char* input : {"sampling", "filtered"}) cases.push_back(draw(64, 8192, input));
  return cases;
}

std::vector<DeviceCase> device_cases_in_16_bits() {
  std::vector<DeviceCase> cases;
  for (const std::int64_t rows : {256, 1024}) {
    for (const DType dtype : {DType::f16, DType::i8}) cases.push_back(product(rows, dtype));
  }
  cases.push_back(product(4096, DType::f16, 4096));
  for (DeviceCase& c : cases) {
    c.name += " in 16 bits";
    c.tolerance = 1e-2;
  }
  return cases;
}

}  // namespace lacuna::bench
