#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/graph/graph.h"

namespace lacuna::graph {

/// A value of the graph under construction.
struct Value {
  ValueId id = -1;
};

/// Builds a Graph node by node. Every function checks shapes at once and throws std::invalid_argument
/// "[op] expected ..., got ...". Broadcasting exists only where it is said.
class GraphBuilder {
 public:
  /// A named runtime input.
  Value input(std::string name, DType dtype, Shape shape);
  /// A named weight. Asking again for the same name and shape gives the same value.
  Value weight(const std::string& name, Shape shape);
  Value constant(Shape shape, std::vector<float> elements);

  const Shape& shape(Value x) const;
  DType dtype(Value x) const;

  /// table [V, D], ids i32 [N] in [0, V) -> [N, D].
  Value gather_rows(Value table, Value ids);
  /// x [..., K], weight [N, K], bias [N] -> [..., N]: x weight^T + bias.
  Value linear(Value x, Value weight, std::optional<Value> bias = std::nullopt);
  /// a [..., M, K], b [..., K, N] ([..., N, K] when transpose_b) with equal leading axes -> [..., M, N].
  Value matmul(Value a, Value b, MatmulAttributes attributes = {});
  /// Elementwise; b has the shape of a, or b's axes line up with a's last ones and are equal or 1.
  Value add(Value a, Value b);
  Value subtract(Value a, Value b);
  Value multiply(Value a, Value b);
  Value affine(Value x, AffineAttributes attributes);
  Value unary(Value x, Unary function);
  /// Over the last axis, which stays with size 1.
  Value reduce(Value x, Reduction reduction);
  /// Over the last axis.
  Value softmax(Value x);
  Value reshape(Value x, Shape shape);
  /// Output axis i is input axis order[i].
  Value permute(Value x, std::vector<int> order);
  Value slice(Value x, SliceAttributes attributes);
  Value concat(std::span<const Value> xs, int axis);
  /// i32 -> f32, or f32 -> i32 (towards zero; the values must be integers that fit).
  Value cast(Value x);
  /// Index of the largest element of the last axis, the first of equals: [..., N] -> i32 [...].
  Value argmax(Value x);
  /// x [B, C, H, W], weight [O, C, kh, kw], bias [O] -> [B, O, H', W'] (cross-correlation, zero padding).
  Value conv2d(Value x, Value weight, std::optional<Value> bias, Conv2dAttributes attributes);
  /// [B, C, H, W] -> [B, C, 2H, 2W].
  Value upsample_nearest2x(Value x);
  /// Draws one class for each row. logits [M, V]; unconditional [M, V] optional (guidance); sampling f32
  /// [4] = temperature, guidance scale, top-k (0 = off), top-p (1 = off); keys i32 [M, 5] = Philox key low,
  /// key high, step, position, class that may not be drawn (-1 = none) -> proposals [M, 4]; see proposal.h for the exact definition.
  Value draw(Value logits, std::optional<Value> unconditional, Value sampling, Value keys);

  /// Adds a node of any op whose output shape the caller has worked out; used by fused_ops.h.
  Value node(Op op, std::vector<Value> inputs, DType dtype, Shape shape, Attributes attributes);

  /// Marks a value as an output. A value may be output once; inputs and weights may not be.
  void output(std::string name, Value x);
  /// The finished graph; the builder is empty afterwards. Throws std::invalid_argument without outputs.
  Graph finish();

 private:
  Value push(ValueInfo info);
  Value elementwise(Op op, Value a, Value b);
  Graph graph_;
};

}  // namespace lacuna::graph
