#include <algorithm>
#include <array>

#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

using graph::Op;

namespace {

constexpr std::uint32_t kAffine = 100, kToFloat = 101, kToInteger = 102;  // FUNCTION of unary.comp

std::uint32_t function_of(const GraphCompiler& compiler, const graph::Node& node) {
  if (node.op == Op::unary) return std::uint32_t(node.as<graph::UnaryAttributes>().function);
  if (node.op == Op::affine) return kAffine;
  return compiler.graph().value(node.output).dtype == graph::DType::f32 ? kToFloat : kToInteger;
}

}  // namespace

void record_unary(GraphCompiler& compiler, const graph::Node& node) {
  const std::int64_t count = compiler.shape(node.output).elements();
  graph::AffineAttributes affine;
  if (node.op == Op::affine) affine = node.as<graph::AffineAttributes>();
  const Kernel kernel{"unary", storage_bindings(2), 12, {function_of(compiler, node)}};
  const Operand x = compiler.read(node.inputs[0]), y = compiler.write(node.output);
  const std::int64_t step = compiler.rows_at_a_time(count, {1});
  for (std::int64_t first = 0; first < count; first += step) {
    const std::int64_t n = std::min(step, count - first);
    compiler.add({&compiler.pipeline(kernel),
                  {{rows_of(x, first, n, 1)}, {rows_of(y, first, n, 1), Access::write}},
                  {word(n), word(affine.scale), word(affine.shift)},
                  linear_grid(n, 64),
                  double(n)});
  }
}

void record_swiglu(GraphCompiler& compiler, const graph::Node& node) {
  const std::int64_t count = compiler.shape(node.output).elements();
  const Operand gate = compiler.read(node.inputs[0]), up = compiler.read(node.inputs[1]), y = compiler.write(node.output);
  const std::int64_t step = compiler.rows_at_a_time(count, {1});
  for (std::int64_t first = 0; first < count; first += step) {
    const std::int64_t n = std::min(step, count - first);
    compiler.add({&compiler.pipeline({"swiglu", storage_bindings(3), 4, {}}),
                  {{rows_of(gate, first, n, 1)}, {rows_of(up, first, n, 1)}, {rows_of(y, first, n, 1), Access::write}},
                  {word(n)},
                  linear_grid(n, 64),
                  double(n) * 2});
  }
}

void record_binary(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape &shape = compiler.shape(node.output), &b = compiler.shape(node.inputs[1]);
  const std::int64_t count = shape.elements();
  // Axes of b from the last one on; those of size 1 are read again and again.
  std::array<std::uint32_t, graph::Shape::kMaxRank> sizes, strides;
  sizes.fill(1);
  strides.fill(0);
  std::int64_t stride = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    sizes[std::size_t(axis)] = word(shape[-1 - axis]);
    if (axis >= b.rank()) continue;
    const std::int64_t size = b[-1 - axis];
    strides[std::size_t(axis)] = word(size == 1 ? std::int64_t{0} : stride);
    stride *= size;
  }
  const auto operation = std::uint32_t(node.op) - std::uint32_t(Op::add);
  const bool same = b == shape;
  const Kernel kernel{"binary", storage_bindings(3), 4 + 64, {operation, same ? 0u : std::uint32_t(shape.rank())}};
  // Rows over leading axes that b has too, or along which it does not change and is read again and again.
  const int missing = shape.rank() - b.rank();
  const auto shared = [&](int axis) { return missing == 0 && b[axis] == shape[axis]; };
  const auto repeated = [&](int axis) { return axis < missing || b[axis - missing] == 1; };
  const bool by_rows = same || (shape.rank() > 0 && !repeated(0) && shared(0));
  std::int64_t rows = 1;
  for (int axis = 0; axis < shape.rank() && (by_rows ? shared(axis) : repeated(axis)); ++axis) rows *= shape[axis];
  const Operand u = compiler.read(node.inputs[0]), v = compiler.read(node.inputs[1]), y = compiler.write(node.output);
  const std::int64_t width = rows > 0 ? count / rows : 0, v_width = by_rows && rows > 0 ? b.elements() / rows : 1;
  const std::int64_t step = compiler.rows_at_a_time(rows, {width, v_width});
  for (std::int64_t first = 0; first < rows; first += step) {
    const std::int64_t n = std::min(step, rows - first);
    std::vector<std::uint32_t> push{word(n * width)};
    push.insert(push.end(), sizes.begin(), sizes.end());
    push.insert(push.end(), strides.begin(), strides.end());
    compiler.add({&compiler.pipeline(kernel),
                  {{rows_of(u, first, n, width)},
                   {by_rows ? rows_of(v, first, n, v_width) : v},
                   {rows_of(y, first, n, width), Access::write}},
                  std::move(push),
                  linear_grid(n * width, 64),
                  double(n * width)});
  }
}

}  // namespace lacuna::vulkan
