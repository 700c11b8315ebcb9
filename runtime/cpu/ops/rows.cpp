#include <algorithm>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;

namespace {

constexpr std::int64_t kGrain = 1 << 14;

/// Adds a step that calls apply(context, row) for every row of the last axis of x.
template <class F>
void emit_rows(GraphCompiler& compiler, const Operand& x, const Operand& y, F apply) {
  const std::int64_t width = x.shape[-1], rows = x.shape.elements() / std::max<std::int64_t>(width, 1);
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(width, 1));
  compiler.add_step({x.buffer}, {y.buffer}, [=](const RunContext& context) {
    parallel_ranges(context.workers, rows, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) apply(context, r);
    });
  });
}

}  // namespace

void emit_softmax(GraphCompiler& compiler, const Node& node) {
  const Operand x = compiler.read_plain(node.inputs[0]);
  const Operand y = compiler.write(node.output, compiler.preferred(node.output));
  const std::int64_t width = x.shape[-1];
  emit_rows(compiler, x, y, [=](const RunContext& context, std::int64_t r) {
    context.kernels.softmax(ConstReals(context.reals(x)).from(r * width), context.reals(y).from(r * width), width);
  });
}

void emit_reduce(GraphCompiler& compiler, const Node& node) {
  const Operand x = compiler.read_plain(node.inputs[0]), y = compiler.write(node.output, Storage::f32);
  const auto reduction = node.as<graph::ReduceAttributes>().reduction;
  const std::int64_t width = x.shape[-1];
  emit_rows(compiler, x, y, [=](const RunContext& context, std::int64_t r) {
    context.at<float>(y)[r] = context.kernels.reduce(reduction, ConstReals(context.reals(x)).from(r * width), width);
  });
}

void emit_argmax(GraphCompiler& compiler, const Node& node) {
  const Operand x = compiler.read(node.inputs[0], Storage::f32), y = compiler.write(node.output, Storage::i32);
  const std::int64_t width = x.shape[-1];
  emit_rows(compiler, x, y, [=](const RunContext& context, std::int64_t r) {
    context.at<std::int32_t>(y)[r] = std::int32_t(context.kernels.argmax(context.at<float>(x) + r * width, width));
  });
}

}  // namespace lacuna::cpu
