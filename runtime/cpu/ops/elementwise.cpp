#include <algorithm>
#include <array>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;
using graph::Op;

namespace {

/// Elements that one task computes.
constexpr std::int64_t kGrain = 1 << 15;

/// Adds a step that maps whole ranges of elements, whatever their layout.
template <class F>
void emit_map(GraphCompiler& compiler, const Node& node, F apply) {
  const Operand x = compiler.native(node.inputs[0]);
  const Operand y = compiler.write(node.output, compiler.preferred(node.output), x.layout);
  const std::int64_t count = x.shape.elements();
  compiler.add_step({x.buffer}, {y.buffer}, [=](const RunContext& context) {
    parallel_ranges(context.workers, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
      apply(context.kernels, ConstReals(context.reals(x)).from(begin), context.reals(y).from(begin), end - begin);
    });
  });
}

Binary function_of(Op op) {
  return op == Op::add ? Binary::add : op == Op::subtract ? Binary::subtract : Binary::multiply;
}

/// Axes of a broadcast, merged where both operands run through memory together. The last one is the inner loop.
struct Broadcast {
  struct Axis {
    std::int64_t size = 1;
    std::int64_t b_stride = 0;  // elements; 0 = repeated
  };
  std::vector<Axis> axes;

  Broadcast(const graph::Shape& a, const graph::Shape& b) {
    std::int64_t stride = 1;
    for (int i = 1; i <= a.rank(); ++i) {
      const std::int64_t own = i <= b.rank() ? b[-i] : 1;
      push_front({a[-i], own == 1 ? 0 : stride});
      stride *= own;
    }
    if (axes.empty()) axes.push_back({1, 0});
  }

  void push_front(Axis axis) {
    if (axis.size == 1) return;
    if (!axes.empty()) {
      Axis& inner = axes.front();
      if (axis.b_stride == inner.b_stride * inner.size) {
        inner.size *= axis.size;
        return;
      }
    }
    axes.insert(axes.begin(), axis);
  }

  std::int64_t inner() const { return axes.back().size; }
  Advance advance() const { return axes.back().b_stride == 0 ? Advance::none : Advance::each; }
  std::int64_t rows() const {
    std::int64_t rows = 1;
    for (std::size_t i = 0; i + 1 < axes.size(); ++i) rows *= axes[i].size;
    return rows;
  }
  /// Where row r of b begins.
  std::int64_t b_offset(std::int64_t r) const {
    std::int64_t offset = 0;
    for (std::size_t i = axes.size() - 1; i-- > 0;) {
      offset += r % axes[i].size * axes[i].b_stride;
      r /= axes[i].size;
    }
    return offset;
  }
};

void emit_same_shape(GraphCompiler& compiler, const Node& node) {
  const Operand left = compiler.native(node.inputs[0]), right = compiler.native(node.inputs[1]);
  const bool last = left.layout == Layout::channels_last || right.layout == Layout::channels_last;
  const Layout layout = last ? Layout::channels_last : Layout::plain;
  const Operand a = compiler.read(node.inputs[0], left.storage, layout);
  const Operand b = compiler.read(node.inputs[1], right.storage, layout);
  const Operand y = compiler.write(node.output, compiler.preferred(node.output), layout);
  const Binary function = function_of(node.op);
  compiler.add_step({a.buffer, b.buffer}, {y.buffer}, [=](const RunContext& context) {
    parallel_ranges(context.workers, a.shape.elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      context.kernels.binary(function, ConstReals(context.reals(a)).from(begin), ConstReals(context.reals(b)).from(begin),
                             Advance::each, context.reals(y).from(begin), end - begin);
    });
  });
}

}  // namespace

void emit_affine(GraphCompiler& compiler, const Node& node) {
  const auto attributes = node.as<graph::AffineAttributes>();
  emit_map(compiler, node, [attributes](const Kernels& kernels, ConstReals x, Reals y, std::int64_t n) {
    kernels.affine(attributes, x, y, n);
  });
}

void emit_unary(GraphCompiler& compiler, const Node& node) {
  const auto function = node.as<graph::UnaryAttributes>().function;
  emit_map(compiler, node, [function](const Kernels& kernels, ConstReals x, Reals y, std::int64_t n) {
    kernels.unary(function, x, y, n);
  });
}

void emit_swiglu(GraphCompiler& compiler, const Node& node) {
  const Operand gate = compiler.read_plain(node.inputs[0]), up = compiler.read_plain(node.inputs[1]);
  const Operand y = compiler.write(node.output, compiler.preferred(node.output));
  compiler.add_step({gate.buffer, up.buffer}, {y.buffer}, [=](const RunContext& context) {
    parallel_ranges(context.workers, gate.shape.elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      context.kernels.swiglu(ConstReals(context.reals(gate)).from(begin), ConstReals(context.reals(up)).from(begin),
                             context.reals(y).from(begin), end - begin);
    });
  });
}

void emit_binary(GraphCompiler& compiler, const Node& node) {
  if (compiler.shape(node.inputs[0]) == compiler.shape(node.inputs[1])) return emit_same_shape(compiler, node);
  const Operand a = compiler.read_plain(node.inputs[0]), b = compiler.read_plain(node.inputs[1]);
  const Operand y = compiler.write(node.output, compiler.preferred(node.output));
  const Binary function = function_of(node.op);
  const Broadcast broadcast(a.shape, b.shape);
  const std::int64_t inner = broadcast.inner(), rows = a.shape.elements() == 0 ? 0 : broadcast.rows();
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(inner, 1));
  compiler.add_step({a.buffer, b.buffer}, {y.buffer}, [=](const RunContext& context) {
    parallel_ranges(context.workers, rows, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        context.kernels.binary(function, ConstReals(context.reals(a)).from(r * inner),
                               ConstReals(context.reals(b)).from(broadcast.b_offset(r)), broadcast.advance(),
                               context.reals(y).from(r * inner), inner);
      }
    });
  });
}

}  // namespace lacuna::cpu
