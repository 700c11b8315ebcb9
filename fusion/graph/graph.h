#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/op.h"
#include "fusion/graph/shape.h"

namespace lacuna::graph {

/// Index into Graph::values.
using ValueId = std::int32_t;

/// Where a value comes from.
enum class ValueKind : std::uint8_t { input, weight, constant, computed };

/// A tensor of the program. f32 stands for "real": engines may hold it narrower.
struct ValueInfo {
  ValueKind kind = ValueKind::computed;
  DType dtype = DType::f32;
  Shape shape;
  std::string name;             // of inputs, weights and outputs; else empty
  std::vector<float> constant;  // elements of a constant
};

/// One step of the program: output = op(inputs).
struct Node {
  Op op = Op::add;
  std::vector<ValueId> inputs;
  ValueId output = -1;
  Attributes attributes;

  /// The attributes as `T`; throws std::bad_variant_access when the op has others.
  template <class T>
  const T& as() const {
    return std::get<T>(attributes);
  }
};

struct NamedShape {
  std::string name;
  Shape shape;
};

/// A forward pass as data: a straight-line list of shaped nodes. A node's inputs are inputs, weights,
/// constants or outputs of earlier nodes. Made by GraphBuilder; immutable by convention afterwards.
struct Graph {
  std::vector<ValueInfo> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  const ValueInfo& value(ValueId id) const { return values[std::size_t(id)]; }
  /// Position in `inputs` / `outputs` of the value called `name`. Throws std::invalid_argument.
  std::size_t input_index(std::string_view name) const;
  std::size_t output_index(std::string_view name) const;
  /// Every weight that the graph reads, in order of first use.
  std::vector<NamedShape> weights() const;
  /// Multiply-adds counted as two, for linear, matmul, conv2d, attention and propose.
  double flops() const;
};

}  // namespace lacuna::graph
