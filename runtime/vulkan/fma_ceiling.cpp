#include "runtime/vulkan/fma_ceiling.h"

#include <algorithm>

#include "runtime/vulkan/graph_compiler.h"
#include "runtime/vulkan/vulkan_plan.h"

namespace lacuna::vulkan {

double measure_fma_ceiling(const VulkanOptions& options, const std::function<double()>& now) {
  constexpr std::int64_t kSums = 12 * 16;  // multiply-adds of a round of fma_ceiling.comp
  Context context(options);
  const bool software = context.device.info().type == DeviceType::cpu;
  const std::int64_t lanes = software ? context.device.limits().subgroup_size : 128;
  const std::int64_t groups = software ? 64 : 8192, rounds = software ? 1 << 12 : 1 << 8;
  Program program;
  program.buffers.push_back({ProgramBuffer::Kind::arena, 4, 0, nullptr});
  Dispatch dispatch;
  dispatch.pipeline = &context.pipelines.get({"fma_ceiling", storage_bindings(1), 12, {std::uint32_t(lanes)}});
  dispatch.bindings = {{{0, 0, 4}, Access::write}};
  dispatch.push = {word(rounds), word(0.999f), word(0.001f)};
  dispatch.groups = {std::uint32_t(groups), 1, 1};
  const double operations = 2.0 * double(groups * lanes * rounds * kSums);
  dispatch.work = operations / 200;
  program.dispatches.push_back(std::move(dispatch));
  VulkanPlan plan(graph::Graph{}, std::move(program), context);
  double best = 0.0;
  for (int round = 0; round < 6; ++round) {  // the first ones compile and cut the submits
    const double begin = now();
    plan.run({}, {});
    best = std::max(best, operations / (now() - begin));
  }
  return best;
}

}  // namespace lacuna::vulkan
