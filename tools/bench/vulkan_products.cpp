// vulkan_products: rates of the families of kernels for products and attention on one Vulkan device, each checked against
// the plain kernel first, and the multiply-add ceiling of the same run. Prints a table; rates are the best of a few runs.
// With --cpu-time seconds are those of this process on all cores: for software Vulkan on a busy machine.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "runtime/vulkan/fma_ceiling.h"
#include "runtime/vulkan/vulkan_executor.h"
#include "runtime/weights/convert.h"

namespace {

using namespace lacuna;
using graph::DType;


class OneWeight final : public graph::WeightSource {
 public:
  OneWeight(DType dtype, std::int64_t rows, std::int64_t columns) {
    std::vector<float> values(std::size_t(rows * columns));
    std::uint32_t state = 7;
    for (float& v : values) v = float(int((state = state * 1664525u + 1013904223u) >> 8) % 2001 - 1000) / 1000.0f;
    if (dtype == DType::i8) {
      auto q = weights::quantize_rows_int8(values, std::size_t(rows), std::size_t(columns));
      bytes_.resize(q.values.size());
      std::memcpy(bytes_.data(), q.values.data(), bytes_.size());
      scale_ = std::move(q.scale);
    } else {
      bytes_ = weights::from_float(values, dtype);
    }
    view_ = {dtype, {rows, columns}, bytes_, scale_};
  }
  const graph::WeightView* find(std::string_view name) const override { return name == "w" ? &view_ : nullptr; }

 private:
  std::vector<std::byte> bytes_;
  std::vector<float> scale_;
  graph::WeightView view_;
};

bool cpu_time(int argc, char** argv) { return argc == 2 && std::string_view(argv[1]) == "--cpu-time"; }

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }
using Now = double (*)();

struct Result {
  std::vector<float> values;
  double seconds = 0.0;
};

Result measure(const graph::Graph& g, std::shared_ptr<const graph::WeightSource> source, vulkan::Kernels kernels, int runs,
               Now now) {
  vulkan::VulkanOptions options;
  options.kernels = kernels;
  vulkan::VulkanExecutor executor(options);
  const auto plan = executor.prepare(g, std::move(source));
  std::vector<graph::HostTensor> inputs, outputs;
  std::uint32_t state = 3;
  for (graph::ValueId id : g.inputs) {
    inputs.emplace_back(DType::f32, g.value(id).shape);
    for (float& v : inputs.back().f32()) v = float(int((state = state * 1664525u + 1013904223u) >> 8) % 2001 - 1000) / 1000.0f;
  }
  for (graph::ValueId id : g.outputs) outputs.emplace_back(DType::f32, g.value(id).shape);
  plan->run(inputs, outputs);
  Result result{{outputs[0].f32().begin(), outputs[0].f32().end()}, 1e30};
  for (int i = 0; i < runs; ++i) {
    const double begin = now();
    plan->run(inputs, outputs);
    result.seconds = std::min(result.seconds, now() - begin);
  }
  return result;
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0.0, largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) return INFINITY;
    most = std::max(most, double(std::abs(a[i] - b[i])));
    largest = std::max(largest, double(std::abs(b[i])));
  }
  return most / largest;
}

void report(const char* name, const graph::Graph& g, std::shared_ptr<const graph::WeightSource> source, double operations,
            double ceiling, Now now) {
  const Result plain = measure(g, source, vulkan::Kernels::plain, 1, now);
  const Result tiles = measure(g, source, vulkan::Kernels::tiles, 2, now);
  const Result chosen = measure(g, source, vulkan::Kernels::automatic, 7, now);
  std::printf("%-34s %8.2f %8.2f %8.2f   %6.1fx  %5.1f %%   %.1e %.1e\n", name, operations / plain.seconds * 1e-9,
              operations / tiles.seconds * 1e-9, operations / chosen.seconds * 1e-9, tiles.seconds / chosen.seconds,
              100.0 * operations / chosen.seconds / ceiling, difference(tiles.values, plain.values),
              difference(chosen.values, plain.values));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Now now = cpu_time(argc, argv) ? cpu_seconds : wall_seconds;
    const double ceiling = vulkan::measure_fma_ceiling({}, now);
    std::printf("multiply-add ceiling %.1f GFLOP/s\n", ceiling * 1e-9);
    std::printf("%-34s %8s %8s %8s   %7s %7s   errors (tiles, chosen)\n", "GFLOP/s", "plain", "tiles", "chosen", "/tiles", "ceiling");
    for (const std::int64_t rows : {1024, 256}) {
      for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::i8}) {
        graph::GraphBuilder b;
        b.output("y", b.linear(b.input("x", DType::f32, {rows, 1024}), b.weight("w", {1024, 1024})));
        const std::string name = "product " + std::to_string(rows) + "x1024x1024 " + std::string(name_of(dtype));
        report(name.c_str(), b.finish(), std::make_shared<OneWeight>(dtype, 1024, 1024), 2.0 * double(rows) * 1024 * 1024, ceiling, now);
      }
    }
    for (const std::int64_t head_dim : {64, 128}) {
      graph::GraphBuilder b;
      const graph::Shape shape{512, 4 * head_dim};
      const auto q = b.input("q", DType::f32, shape), k = b.input("k", DType::f32, shape), v = b.input("v", DType::f32, shape);
      b.output("y", graph::attention(b, q, k, v, {4, 4, 0.125f, {512}}));
      const std::string name = "attention 512, 4 heads of " + std::to_string(head_dim);
      report(name.c_str(), b.finish(), std::make_shared<OneWeight>(DType::f32, 1, 1), 4.0 * 512 * 512 * 4 * double(head_dim), ceiling, now);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "vulkan_products: %s\n", error.what());
    return 1;
  }
}
