#include "runtime/vulkan/vulkan_plan.h"

#include <algorithm>
#include <cstring>

#include "runtime/vulkan/hazards.h"

namespace lacuna::vulkan {
namespace {

/// Multiply-adds a second, before anything was measured; low, so that the first submits are rather too short.
double first_rate(DeviceType type) { return type == DeviceType::cpu ? 2e9 : type == DeviceType::discrete ? 2e11 : 3e10; }

VkDeviceSize aligned(VkDeviceSize bytes, VkDeviceSize alignment) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

VulkanPlan::VulkanPlan(const graph::Graph& graph, Program program, Context& context)
    : context_(context),
      program_(std::move(program)),
      signature_(graph),
      inputs_(graph.inputs.size()),
      outputs_(graph.outputs.size()),
      fence_(context.device) {
  place();
  bind();
  plan_boxes();
  record();
}

VulkanPlan::~VulkanPlan() {
  // After an error the device may still be at work on this memory.
  if (pending_) context_.device.vk().vkDeviceWaitIdle(context_.device.handle());
}

std::size_t VulkanPlan::scratch_bytes() const {
  VkDeviceSize sum = 0;
  for (const auto& arena : arenas_) sum += arena->bytes();
  return std::size_t(sum);
}

void VulkanPlan::place() {
  const Device& device = context_.device;
  const VkDeviceSize alignment = device.limits().alignment;
  const ArenaPlan plan = plan_arenas(program_, alignment, device.limits().allocation);
  places_ = plan.places;
  for (const VkDeviceSize bytes : plan.arenas) {
    arenas_.push_back(std::make_unique<Buffer>(device, context_.memory, bytes, MemoryUse::device));
  }
  VkDeviceSize output_bytes = 0;
  for (const ProgramBuffer& buffer : program_.buffers) {
    const bool input = buffer.kind == ProgramBuffer::Kind::input;
    if (!input && buffer.kind != ProgramBuffer::Kind::output) continue;
    VkDeviceSize& total = input ? input_bytes_ : output_bytes;
    Place& place = (input ? inputs_ : outputs_)[buffer.position];
    place.offset = total;
    place.used = true;
    total += aligned(buffer.bytes, alignment);
  }
  const bool shared = device.shares_memory();
  if (input_bytes_ > 0) {
    upload_ = std::make_unique<Buffer>(device, context_.memory, input_bytes_, shared ? MemoryUse::shared : MemoryUse::upload);
    if (!shared) inputs_device_ = std::make_unique<Buffer>(device, context_.memory, input_bytes_, MemoryUse::device);
  }
  if (output_bytes > 0) download_ = std::make_unique<Buffer>(device, context_.memory, output_bytes, MemoryUse::download);
}

BufferRange VulkanPlan::range_of(const Operand& operand) const {
  const ProgramBuffer& buffer = program_.buffers[std::size_t(operand.buffer)];
  const VkDeviceSize bytes = operand.bytes > 0 ? operand.bytes : buffer.bytes - operand.offset;
  switch (buffer.kind) {
    case ProgramBuffer::Kind::arena:
      return {arenas_[places_[std::size_t(operand.buffer)].arena].get(),
              places_[std::size_t(operand.buffer)].offset + operand.offset, bytes};
    case ProgramBuffer::Kind::fixed:
      return {buffer.fixed.get(), operand.offset, bytes};
    case ProgramBuffer::Kind::input:
      return {(inputs_device_ ? inputs_device_ : upload_).get(), inputs_[buffer.position].offset + operand.offset, bytes};
    case ProgramBuffer::Kind::output:
      break;
  }
  return {download_.get(), outputs_[buffer.position].offset + operand.offset, bytes};
}

void VulkanPlan::bind() {
  std::size_t sets = 0, storage = 0, texels = 0;
  for (const Dispatch& dispatch : program_.dispatches) {
    if (dispatch.pipeline == nullptr) continue;
    ++sets;
    for (BindingKind kind : dispatch.pipeline->kernel().bindings) ++(kind == BindingKind::storage ? storage : texels);
  }
  descriptors_ = std::make_unique<DescriptorPool>(context_.device, sets, storage, texels);
  for (const Dispatch& dispatch : program_.dispatches) {
    if (dispatch.pipeline == nullptr) {
      sets_.push_back(VK_NULL_HANDLE);
      continue;
    }
    std::vector<BufferRange> ranges;
    for (const Binding& binding : dispatch.bindings) {
      ranges.push_back(range_of(binding.operand));
      ranges.back().texels = binding.texels;
    }
    sets_.push_back(descriptors_->make(*dispatch.pipeline, ranges));
  }
}

void VulkanPlan::plan_boxes() {
  const double rate = first_rate(context_.device.info().type);
  std::vector<TimeBoxes::Item> items;
  for (const Dispatch& dispatch : program_.dispatches) {
    items.push_back({dispatch.groups, 2e-6 + dispatch.work / rate, dispatch.pipeline != nullptr});
  }
  boxes_ = std::make_unique<TimeBoxes>(std::move(items), context_.options.submit_target, context_.options.submit_limit);
}

void VulkanPlan::record_piece(CommandBuffer& commands, const Piece& piece, Hazards& hazards) {
  const Dispatch& dispatch = program_.dispatches[piece.dispatch];
  std::vector<Hazards::Touch> touches;
  for (const Binding& binding : dispatch.bindings) {
    const BufferRange range = range_of(binding.operand);
    touches.push_back({range.buffer->handle(), range.offset, range.offset + range.bytes, binding.access != Access::read});
  }
  // Pieces of one dispatch do not depend on each other, but they are only cut apart between submits.
  if (hazards.clashes(touches)) {
    commands.barrier();
    hazards.clear();
  }
  hazards.add(touches);
  if (dispatch.pipeline == nullptr) {
    const BufferRange from = range_of(dispatch.bindings[0].operand), to = range_of(dispatch.bindings[1].operand);
    commands.copy(*from.buffer, from.offset, *to.buffer, to.offset, from.bytes);
    return;
  }
  commands.bind(*dispatch.pipeline, sets_[piece.dispatch], dispatch.push);
  commands.dispatch(piece.first, piece.count);
}

void VulkanPlan::record() {
  const auto& boxes = boxes_->boxes();
  while (commands_.size() < boxes.size()) commands_.emplace_back(context_.device);
  const auto wanted = std::uint32_t(2 * boxes.size());
  if (TimestampPool::works_on(context_.device) && (!times_ || times_->count() < wanted)) {
    times_.reset();
    times_ = std::make_unique<TimestampPool>(context_.device, wanted);
  }
  handles_.clear();
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    CommandBuffer& commands = commands_[b];
    commands.begin();
    if (times_) {
      commands.reset(*times_, std::uint32_t(2 * b), 2);
      commands.write_timestamp(*times_, std::uint32_t(2 * b));
    }
    commands.barrier();  // after whatever was submitted before
    Hazards hazards;
    if (b == 0 && inputs_device_) {
      commands.copy(*upload_, 0, *inputs_device_, 0, input_bytes_);
      commands.barrier();
    }
    for (const Piece& piece : boxes[b].pieces) record_piece(commands, piece, hazards);
    if (b + 1 == boxes.size()) commands.barrier_to_host();
    if (times_) commands.write_timestamp(*times_, std::uint32_t(2 * b + 1));
    commands.end();
    handles_.push_back(commands.handle());
  }
}

void VulkanPlan::wait() {
  pending_ = true;
  const auto start = std::chrono::steady_clock::now();
  context_.queue.submit(handles_, fence_);
  // A long run of a large model on a slow device is no loss: what it took so far is added.
  fence_.wait(context_.options.patience + std::chrono::milliseconds(std::int64_t(4000 * boxes_->total())));
  pending_ = false;
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  const std::scoped_lock lock(context_.traffic_mutex);
  Traffic& traffic = context_.traffic;
  ++traffic.runs;
  ++traffic.waits;
  traffic.seconds += spent.count();
  traffic.submits += handles_.size();
  traffic.bytes_up += upload_ ? input_bytes_ : 0;
  traffic.bytes_down += download_ ? download_->bytes() : 0;
}

void VulkanPlan::run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) {
  signature_.check(inputs, outputs);
  for (const auto& check : program_.checks) check(inputs);

  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto bytes = inputs[i].bytes();
    if (inputs_[i].used && !bytes.empty()) std::memcpy(upload_->mapped() + inputs_[i].offset, bytes.data(), bytes.size());
  }
  wait();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto bytes = outputs[i].bytes();
    if (outputs_[i].used && !bytes.empty()) std::memcpy(bytes.data(), download_->mapped() + outputs_[i].offset, bytes.size());
  }
  if (!times_) return;
  measured_.clear();
  for (std::size_t b = 0; b < handles_.size(); ++b) measured_.push_back(times_->seconds(std::uint32_t(2 * b)));
  if (boxes_->learn(measured_)) record();
}

}  // namespace lacuna::vulkan
