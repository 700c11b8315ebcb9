#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "runtime/vulkan/raw_device.h"
#include "tools/bench/random_source.h"
#include "tools/bench/yardsticks.h"

namespace lacuna::bench {

std::span<const vulkan::Shader> bench_shaders();

namespace {

using graph::DType;
using graph::HostTensor;

vulkan::Shader shader_named(std::string_view name) {
  const auto all = bench_shaders();
  const auto found = std::ranges::find(all, name, &vulkan::Shader::name);
  if (found == all.end()) throw std::logic_error("[bench] no shader " + std::string(name));
  return *found;
}

vulkan::VulkanOptions options_for(int index) {
  vulkan::VulkanOptions options;
  options.device = index;
  return options;
}

/// Of some results, spread over the whole.
void verify(const HostTensor& x, const HostTensor& w, const HostTensor& y, std::int64_t depth) {
  const std::int64_t rows = y.shape()[0], columns = y.shape()[1];
  for (std::int64_t i = 0; i < 64; ++i) {
    const std::int64_t row = i * 2654435761 % rows, column = i * 40503 % columns;
    double sum = 0.0;
    for (std::int64_t k = 0; k < depth; ++k) {
      sum += double(x.f32()[std::size_t(row * depth + k)]) * double(w.f32()[std::size_t(k * columns + column)]);
    }
    if (std::abs(sum - double(y.f32()[std::size_t(row * columns + column)])) < 1e-3 * std::sqrt(double(depth))) continue;
    throw std::runtime_error("the classic tile is wrong at row " + std::to_string(row) + ", column " +
                             std::to_string(column));
  }
}

class VulkanYardsticks final : public Yardsticks {
 public:
  VulkanYardsticks(int index, Clock clock);
  std::optional<double> ceiling() override;
  std::optional<double> classic_tile(std::int64_t rows, std::int64_t columns, std::int64_t depth) override;

 private:
  vulkan::RawDevice device_;
  Clock clock_;
  double ceiling_ = 0.0;
  double operations_ = 0.0;            // of a run of plan_
  std::unique_ptr<graph::Plan> plan_;  // of the ceiling
};

VulkanYardsticks::VulkanYardsticks(int index, Clock clock) : device_(options_for(index)), clock_(clock) {
  constexpr std::int64_t kSums = 12 * 16;  // multiply-adds of a round of fma_ceiling.comp
  const bool software = device_.info().type == vulkan::DeviceType::cpu;
  const std::int64_t lanes = software ? device_.info().limits.subgroup_size : 128;
  const std::int64_t groups = software ? 64 : 8192, rounds = software ? 1 << 12 : 1 << 8;
  vulkan::RawKernel kernel;
  kernel.shader = shader_named("fma_ceiling");
  kernel.output = {1};
  kernel.constants = {std::uint32_t(lanes)};
  kernel.push = {std::uint32_t(rounds), std::bit_cast<std::uint32_t>(0.999f), std::bit_cast<std::uint32_t>(0.001f)};
  kernel.groups = {std::uint32_t(groups), 1, 1};
  operations_ = 2.0 * double(groups * lanes * rounds * kSums);
  kernel.work = operations_ / 200;
  plan_ = device_.prepare(kernel);
}

std::optional<double> VulkanYardsticks::ceiling() {
  std::vector<HostTensor> output;
  output.emplace_back(DType::f32, graph::Shape{1});
  for (int round = 0; round < 6; ++round) {  // the first ones compile and cut the submits
    const double begin = read_clock(clock_);
    plan_->run({}, output);
    ceiling_ = std::max(ceiling_, 1e-9 * operations_ / (read_clock(clock_) - begin));
  }
  return ceiling_;
}

std::optional<double> VulkanYardsticks::classic_tile(std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  constexpr std::int64_t kSide = 64;
  vulkan::RawKernel kernel;
  kernel.shader = shader_named("classic_tile");
  kernel.inputs = {{rows, depth}, {depth, columns}};
  kernel.output = {rows, columns};
  kernel.push = {std::uint32_t(columns), std::uint32_t(depth)};
  kernel.groups = {std::uint32_t(columns / kSide), std::uint32_t(rows / kSide), 1};
  const double operations = 2.0 * double(rows) * double(columns) * double(depth);
  kernel.work = operations / 2;
  const auto plan = device_.prepare(kernel);
  std::vector<HostTensor> inputs, outputs;
  for (const graph::Shape& shape : kernel.inputs) inputs.push_back(random_tensor(DType::f32, shape, 1));
  outputs.emplace_back(DType::f32, kernel.output);
  plan->run(inputs, outputs);
  verify(inputs[0], inputs[1], outputs[0], depth);
  double best = HUGE_VAL;
  for (int run = 0; run < 2; ++run) {
    const double begin = read_clock(clock_);
    plan->run(inputs, outputs);
    best = std::min(best, read_clock(clock_) - begin);
  }
  return 1e-9 * operations / best;
}

}  // namespace

std::unique_ptr<Yardsticks> vulkan_yardsticks(int index, Clock clock) {
  return std::make_unique<VulkanYardsticks>(index, clock);
}

}  // namespace lacuna::bench
