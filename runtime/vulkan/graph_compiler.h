#pragma once

#include <optional>

#include "fusion/graph/graph.h"
#include "runtime/vulkan/narrow_weight.h"
#include "runtime/vulkan/program.h"
#include "runtime/vulkan/weight_store.h"

namespace lacuna::vulkan {

/// Rows of a matrix in one buffer, as kernels with a stored operand read them.
struct MatrixPart {
  Operand operand;                         // whole buffer of the part
  std::int64_t skip = 0;                   // rows of the buffer before the first wanted one
  std::int64_t first = 0;                  // of the matrix
  std::int64_t rows = 0;
};

/// A matrix [rows, width] that lies in one or more parts: a weight in its stored dtype, or a computed value.
struct Matrix {
  graph::DType dtype = graph::DType::f32;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::vector<MatrixPart> parts;
  std::optional<Operand> row_scale;  // of i8: f32 for each row of the whole weight
  std::int64_t scale_skip = 0;       // rows of row_scale before the first row of the matrix
};

/// Rows of a value in narrow arithmetic (narrow_weight.h): whole words, and a factor for each row.
struct NarrowRows {
  Operand words;
  Operand scale;
};

/// Turns a lowered graph into a Program: one recorder of ops/op_table for each node. What recorders are written
/// against.
class GraphCompiler {
 public:
  GraphCompiler(const graph::Graph& graph, Context& context, WeightStore& weights, WeightStore::Source source);
  Program compile();

  const graph::Graph& graph() const { return graph_; }
  const graph::Shape& shape(graph::ValueId id) const { return graph_.value(id).shape; }
  const Device& device() const { return context_.device; }
  const KernelChoice& kernels() const { return context_.kernels; }
  WeightStore& weights() { return weights_; }
  const WeightStore::Source& source() const { return source_; }
  const Pipeline& pipeline(const Kernel& kernel) { return context_.pipelines.get(kernel); }

  /// The value, row-major f32 or i32. Throws graph::DeviceError (unsupported) for a weight that is larger than a
  /// binding may be; ops that meet such weights use matrix().
  Operand read(graph::ValueId id);
  /// Memory for a computed value. It may be larger than a binding: ops on rows then work on some rows at a time, see
  /// rows_at_a_time().
  Operand write(graph::ValueId id);
  /// The most rows, of at most `rows`, so that each of some operands with rows of these widths (in elements of 32 bits)
  /// fits a binding, and the next rows begin where a binding may begin. `rows` where all fit.
  std::int64_t rows_at_a_time(std::int64_t rows, std::initializer_list<std::int64_t> widths) const;
  /// Declares a value to lie where `operand` lies.
  void alias(graph::ValueId id, Operand operand) { operands_[std::size_t(id)] = operand; }
  Operand scratch(VkDeviceSize bytes);
  /// A buffer of the device with these bytes, there before the first run.
  Operand constant(std::span<const std::byte> bytes);
  Operand fixed(std::shared_ptr<const Buffer> buffer);
  /// A weight of rank >= 2, rows of one, or a value [rows, width], in its stored dtype.
  Matrix matrix(graph::ValueId id);
  /// Name and rows of the weight that a value stands for: a weight, or slices of one along axis 0.
  struct WeightSlice {
    std::string name;
    graph::Shape shape;  // of the whole weight
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  std::optional<WeightSlice> as_weight(graph::ValueId id) const;
  /// Throws std::invalid_argument for a weight that is missing or of another shape.
  graph::DType stored_type(const WeightSlice& slice) const;

  /// Values that were narrowed already: buffer, offset, bytes, elements of a row.
  using NarrowKey = std::tuple<BufferId, VkDeviceSize, VkDeviceSize, std::int64_t, Narrow>;
  std::map<NarrowKey, NarrowRows>& narrowed() { return narrowed_; }

  /// Adds a step; one with an empty grid is left out. Throws graph::DeviceError (unsupported) where an operand is larger
  /// than a binding may be.
  void add(Dispatch dispatch);
  void add_check(std::function<void(std::span<const graph::HostTensor>)> check) {
    program_.checks.push_back(std::move(check));
  }
  /// Position among the graph's inputs, when the value is one.
  std::optional<std::size_t> input_position(graph::ValueId id) const;

 private:
  BufferId add_buffer(ProgramBuffer buffer);
  void deliver(std::size_t position);

  const graph::Graph& graph_;
  Context& context_;
  WeightStore& weights_;
  WeightStore::Source source_;
  Program program_;
  std::vector<std::optional<Operand>> operands_;    // by value
  std::vector<const graph::Node*> producers_;       // by value
  const graph::Node* node_ = nullptr;               // at work
  std::map<NarrowKey, NarrowRows> narrowed_;
};

/// Rows [first, first + rows) of an operand with rows of `width` elements of 32 bits.
Operand rows_of(const Operand& whole, std::int64_t first, std::int64_t rows, std::int64_t width);

/// Words for push constants: integers as they are, floats by their bits.
std::uint32_t word(std::int64_t value);
std::uint32_t word(float value);

/// The grid of a one-dimensional kernel with workgroups of `local` invocations (shaders/include/index.glsl).
Groups linear_grid(std::int64_t invocations, std::int64_t local);

/// `count` storage bindings.
std::vector<BindingKind> storage_bindings(std::size_t count);

}  // namespace lacuna::vulkan
