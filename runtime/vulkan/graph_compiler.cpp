#include "runtime/vulkan/graph_compiler.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "fusion/graph/executor.h"
#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/weight_rows.h"

namespace lacuna::vulkan {

using graph::Node;
using graph::Op;
using graph::ValueId;
using graph::ValueKind;

std::uint32_t word(std::int64_t value) { return std::uint32_t(value); }
std::uint32_t word(float value) { return std::bit_cast<std::uint32_t>(value); }

Operand rows_of(const Operand& whole, std::int64_t first, std::int64_t rows, std::int64_t width) {
  return {whole.buffer, whole.offset + VkDeviceSize(first * width) * 4, VkDeviceSize(rows * width) * 4};
}

Groups linear_grid(std::int64_t invocations, std::int64_t local) {
  constexpr std::int64_t kAlongX = 32768;  // GROUPS_ALONG_X of index.glsl
  const std::int64_t groups = (invocations + local - 1) / local;
  return {std::uint32_t(std::min(groups, kAlongX)), std::uint32_t((groups + kAlongX - 1) / kAlongX), 1};
}

std::vector<BindingKind> storage_bindings(std::size_t count) { return std::vector(count, BindingKind::storage); }

GraphCompiler::GraphCompiler(const graph::Graph& graph, Context& context, WeightStore& weights,
                             WeightStore::Source source)
    : graph_(graph),
      context_(context),
      weights_(weights),
      source_(std::move(source)),
      operands_(graph.values.size()),
      producers_(graph.values.size()) {
  for (const Node& node : graph.nodes) producers_[std::size_t(node.output)] = &node;
}

BufferId GraphCompiler::add_buffer(ProgramBuffer buffer) {
  buffer.bytes = std::max<VkDeviceSize>(4, (buffer.bytes + 3) / 4 * 4);
  program_.buffers.push_back(std::move(buffer));
  return BufferId(program_.buffers.size() - 1);
}

Program GraphCompiler::compile() {
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const ValueId id = graph_.inputs[i];
    const auto bytes = VkDeviceSize(shape(id).elements()) * 4;
    operands_[std::size_t(id)] = Operand{add_buffer({ProgramBuffer::Kind::input, bytes, i, nullptr}), 0, bytes};
  }
  for (const Node& node : graph_.nodes) {
    // Slices of weights are read from the weight itself.
    if (node.op == Op::slice && as_weight(node.output)) continue;
    node_ = &node;
    recorder_of(node.op)(*this, node);
  }
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) deliver(i);
  return std::move(program_);
}

void GraphCompiler::deliver(std::size_t position) {
  const ValueId id = graph_.outputs[position];
  const Operand from = read(id);
  const auto bytes = VkDeviceSize(shape(id).elements()) * 4;
  if (bytes == 0) return;
  const BufferId to = add_buffer({ProgramBuffer::Kind::output, bytes, position, nullptr});
  Dispatch copy;
  copy.bindings = {{{from.buffer, from.offset, bytes}, Access::read}, {{to, 0, bytes}, Access::write}};
  copy.work = double(bytes);
  add(std::move(copy));
}

std::optional<GraphCompiler::WeightSlice> GraphCompiler::as_weight(ValueId id) const {
  const graph::ValueInfo& value = graph_.value(id);
  if (value.kind == ValueKind::weight) {
    return WeightSlice{value.name, value.shape, 0, value.shape.rank() > 0 ? value.shape[0] : 1};
  }
  const Node* node = producers_[std::size_t(id)];
  if (node == nullptr || node->op != Op::slice) return std::nullopt;
  const auto& attributes = node->as<graph::SliceAttributes>();
  auto whole = as_weight(node->inputs[0]);
  if (!whole || attributes.axis != 0) return std::nullopt;
  whole->end = whole->begin + attributes.end;
  whole->begin += attributes.begin;
  return whole;
}

graph::DType GraphCompiler::stored_type(const WeightSlice& slice) const {
  return require_weight(*source_, slice.name, slice.shape).dtype;
}

Operand GraphCompiler::read(ValueId id) {
  auto& operand = operands_[std::size_t(id)];
  if (operand) return *operand;
  const graph::ValueInfo& value = graph_.value(id);
  if (value.kind == ValueKind::constant) {
    operand = constant(std::as_bytes(std::span(value.constant)));
  } else if (const auto slice = as_weight(id)) {
    const auto weight = weights_.dense(source_, slice->name, slice->shape, slice->begin, slice->end);
    if (weight->parts.size() != 1) {
      throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                               "[vulkan] expected weight \"" + slice->name + "\" to fit one binding of " +
                                   std::to_string(device().limits().storage_range) + " bytes as f32, got " +
                                   slice->shape.to_string());
    }
    operand = fixed(weight->parts.front().buffer);
  } else {
    throw std::logic_error("[vulkan] a value is read before it is written");
  }
  return *operand;
}

Operand GraphCompiler::write(ValueId id) {
  const auto bytes = VkDeviceSize(shape(id).elements()) * 4;
  Operand operand = scratch(bytes);
  alias(id, operand);
  return operand;
}

Operand GraphCompiler::scratch(VkDeviceSize bytes) {
  const BufferId id = add_buffer({ProgramBuffer::Kind::arena, bytes, 0, nullptr});
  return {id, 0, program_.buffers[std::size_t(id)].bytes};
}

Operand GraphCompiler::constant(std::span<const std::byte> bytes) {
  const MemoryUse use = device().shares_memory() ? MemoryUse::shared : MemoryUse::device;
  auto buffer = std::make_shared<Buffer>(device(), context_.memory, bytes.size(), use);
  StagingRing ring(device(), context_.memory, context_.queue, context_.options.patience);
  ring.write(*buffer, 0, bytes);
  ring.flush();
  return fixed(std::move(buffer));
}

Operand GraphCompiler::fixed(std::shared_ptr<const Buffer> buffer) {
  const VkDeviceSize bytes = buffer->bytes();
  return {add_buffer({ProgramBuffer::Kind::fixed, bytes, 0, std::move(buffer)}), 0, bytes};
}

Matrix GraphCompiler::matrix(ValueId id) {
  Matrix matrix;
  const graph::Shape& s = shape(id);
  matrix.rows = s[0];
  matrix.width = s[0] > 0 ? s.elements() / s[0] : 0;
  const auto slice = as_weight(id);
  if (!slice) {
    matrix.parts.push_back({read(id), 0, 0, matrix.rows});
    return matrix;
  }
  const auto weight = weights_.stored(source_, slice->name, slice->shape);
  matrix.dtype = weight->dtype;
  matrix.scale_skip = slice->begin;
  for (const WeightPart& part : weight->parts) {
    const std::int64_t begin = std::max(part.first, slice->begin);
    const std::int64_t end = std::min(part.first + part.rows, slice->end);
    if (begin < end) matrix.parts.push_back({fixed(part.buffer), begin - part.first, begin - slice->begin, end - begin});
  }
  if (weight->row_scale) matrix.row_scale = fixed(weight->row_scale);
  return matrix;
}

void GraphCompiler::add(Dispatch dispatch) {
  if (std::ranges::find(dispatch.groups, 0u) != dispatch.groups.end()) return;
  const DeviceLimits& limits = device().limits();
  for (std::size_t i = 0; dispatch.pipeline != nullptr && i < dispatch.bindings.size(); ++i) {
    const bool texels = dispatch.pipeline->kernel().bindings[i] == BindingKind::texels;
    const VkDeviceSize bytes = dispatch.bindings[i].operand.bytes;
    if (texels || bytes <= limits.storage_range) continue;
    throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                             "[vulkan] expected at most " + std::to_string(limits.storage_range) +
                                 " bytes in one binding of " + device().info().name + ", got " + std::to_string(bytes) +
                                 " for " + (node_ ? std::string(name_of(node_->op)) : "a copy") +
                                 "; fewer tokens or smaller pictures fit, and so they do on --device cpu");
  }
  program_.dispatches.push_back(std::move(dispatch));
}

std::int64_t GraphCompiler::rows_at_a_time(std::int64_t rows, std::initializer_list<std::int64_t> widths) const {
  const auto range = std::int64_t(device().limits().storage_range), alignment = std::int64_t(device().limits().alignment);
  const std::int64_t widest = std::max<std::int64_t>(1, std::max(widths));
  if (rows * widest * 4 <= range) return rows;
  std::int64_t unit = 1;  // rows of whole alignments of every operand
  for (std::int64_t width : widths) unit = std::lcm(unit, alignment / std::gcd(alignment, std::max<std::int64_t>(1, width) * 4));
  return std::min(rows, std::max(unit, range / (widest * 4) / unit * unit));
}

std::optional<std::size_t> GraphCompiler::input_position(ValueId id) const {
  const auto found = std::ranges::find(graph_.inputs, id);
  if (found == graph_.inputs.end()) return std::nullopt;
  return std::size_t(found - graph_.inputs.begin());
}

}  // namespace lacuna::vulkan
