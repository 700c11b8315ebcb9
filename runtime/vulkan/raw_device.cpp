#include "runtime/vulkan/raw_device.h"

#include "runtime/vulkan/graph_compiler.h"
#include "runtime/vulkan/vulkan_plan.h"

namespace lacuna::vulkan {

struct RawDevice::State {
  Context context;

  explicit State(const VulkanOptions& options) : context(options) {}
};

RawDevice::RawDevice(const VulkanOptions& options) : state_(std::make_unique<State>(options)) {}

RawDevice::~RawDevice() = default;

const DeviceInfo& RawDevice::info() const { return state_->context.device.info(); }

std::unique_ptr<graph::Plan> RawDevice::prepare(const RawKernel& kernel) {
  graph::Graph graph;  // only its inputs and outputs are looked at
  Program program;
  Dispatch dispatch;
  const auto add = [&](graph::ValueKind kind, const graph::Shape& shape, ProgramBuffer::Kind where, std::size_t position) {
    graph.values.push_back({kind, graph::DType::f32, shape, std::to_string(position), {}});
    const auto bytes = VkDeviceSize(shape.elements()) * 4;
    program.buffers.push_back({where, bytes, position, nullptr});
    return Operand{BufferId(program.buffers.size() - 1), 0, bytes};
  };
  for (std::size_t i = 0; i < kernel.inputs.size(); ++i) {
    graph.inputs.push_back(graph::ValueId(graph.values.size()));
    dispatch.bindings.push_back({add(graph::ValueKind::input, kernel.inputs[i], ProgramBuffer::Kind::input, i)});
  }
  graph.outputs.push_back(graph::ValueId(graph.values.size()));
  const Operand result = add(graph::ValueKind::computed, kernel.output, ProgramBuffer::Kind::arena, 0);
  const Operand delivered = add(graph::ValueKind::computed, kernel.output, ProgramBuffer::Kind::output, 0);
  dispatch.bindings.push_back({result, Access::write});
  Kernel made{std::string(kernel.shader.name), storage_bindings(dispatch.bindings.size()),
              std::uint32_t(4 * kernel.push.size()), kernel.constants};
  made.code = kernel.shader.words.data();
  made.code_words = kernel.shader.words.size();
  dispatch.pipeline = &state_->context.pipelines.get(made);
  dispatch.push = kernel.push;
  dispatch.groups = kernel.groups;
  dispatch.work = kernel.work;
  program.dispatches.push_back(std::move(dispatch));
  Dispatch copy;
  copy.bindings = {{result, Access::read}, {delivered, Access::write}};
  copy.work = double(result.bytes);
  program.dispatches.push_back(std::move(copy));
  return std::make_unique<VulkanPlan>(graph, std::move(program), state_->context);
}

}  // namespace lacuna::vulkan
