#include "tools/bench/device_bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "tools/bench/random_source.h"

namespace lacuna::bench {
namespace {

using graph::DType;
using graph::Value;

/// One matrix in a stored dtype, small enough that a chain of products keeps its size.
class Matrix final : public graph::WeightSource {
 public:
  Matrix(DType dtype, graph::Shape shape) : bytes_(std::size_t(shape.elements()) * size_of(dtype)) {
    const graph::HostTensor values = random_tensor(DType::f32, shape, 1);
    const float spread = std::sqrt(3.0f / float(shape[1]));
    for (std::size_t i = 0; i < values.f32().size(); ++i) {
      const float value = values.f32()[i];
      const float scaled = spread * value;
      // Halves near the same spread: sign, an exponent for [1/32, 1/16), ten bits of fraction.
      const auto half = std::uint16_t((value < 0 ? 0x8000 : 0) | 0x2800 | int(std::abs(value) * 1023.0f));
      const auto byte = std::int8_t(std::lround(127.0f * value));
      const void* from = dtype == DType::f16 ? static_cast<const void*>(&half)
                         : dtype == DType::i8 ? static_cast<const void*>(&byte)
                                              : static_cast<const void*>(&scaled);
      std::memcpy(bytes_.data() + i * size_of(dtype), from, size_of(dtype));
    }
    if (dtype == DType::i8) row_scale_.assign(std::size_t(shape[0]), spread / 127.0f);
    view_ = {dtype, shape, bytes_, row_scale_};
  }
  const graph::WeightView* find(std::string_view name) const override { return name == "matrix" ? &view_ : nullptr; }

 private:
  std::vector<std::byte> bytes_;
  std::vector<float> row_scale_;
  graph::WeightView view_;
};

double best_seconds(graph::Executor& engine, const graph::Graph& graph,
                    const std::shared_ptr<const graph::WeightSource>& weights, int repeats) {
  const auto plan = engine.prepare(graph, weights);
  std::vector<graph::HostTensor> inputs, outputs;
  for (const graph::ValueId id : graph.inputs) {
    inputs.push_back(random_tensor(graph.value(id).dtype, graph.value(id).shape, 1));
  }
  for (const graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  double best = HUGE_VAL;
  for (int run = 0; run <= repeats; ++run) {
    const auto start = std::chrono::steady_clock::now();
    plan->run(inputs, outputs);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (run > 0) best = std::min(best, seconds);
  }
  return best;
}

DeviceRate measured(const std::string& name, const std::function<double()>& gflops) {
  try {
    return {name, gflops(), {}};
  } catch (const std::exception& error) {
    return {name, 0.0, error.what()};
  }
}

}  // namespace

std::vector<DeviceRate> device_rates(graph::Executor& engine, int repeats,
                                     const std::function<void(const std::string&)>& progress) {
  constexpr std::int64_t kWidth = 1024;
  std::vector<DeviceRate> rates;
  for (const std::int64_t rows : {256, 1024}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::i8}) {
      const std::string name = "product " + std::string(dtype == DType::i8 ? "int8" : name_of(dtype)) + " " +
                               std::to_string(rows) + "x1024x1024";
      if (progress) progress(name);
      rates.push_back(measured(name, [&] {
        const int links = rows == 256 ? 8 : 2;
        graph::GraphBuilder b;
        Value x = b.input("x", DType::f32, {rows, kWidth});
        for (int i = 0; i < links; ++i) x = b.linear(x, b.weight("matrix", {kWidth, kWidth}));
        b.output("y", b.reduce(x, graph::Reduction::sum));
        const auto weights = std::make_shared<const Matrix>(dtype, graph::Shape{kWidth, kWidth});
        return 2e-9 * double(links) * double(rows) * kWidth * kWidth / best_seconds(engine, b.finish(), weights, repeats);
      }));
    }
  }
  const std::string name = "attention 1024 rows, 12 heads of 64";
  if (progress) progress(name);
  rates.push_back(measured(name, [&] {
    constexpr std::int64_t kRows = 1024, kHeads = 12, kHead = 64;
    graph::GraphBuilder b;
    const Value x = b.input("x", DType::f32, {kRows, kHeads * kHead});
    const graph::AttentionAttributes attributes{int(kHeads), int(kHeads), 0.125f, {kRows}};
    b.output("y", b.reduce(graph::attention(b, x, x, x, attributes), graph::Reduction::sum));
    const auto weights = std::make_shared<const Matrix>(DType::f32, graph::Shape{1, 1});
    return 4e-9 * double(kRows) * kRows * kHeads * kHead / best_seconds(engine, b.finish(), weights, repeats);
  }));
  return rates;
}

}  // namespace lacuna::bench
