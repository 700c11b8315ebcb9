#include <algorithm>
#include <cstring>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;
using graph::Op;

namespace {

/// Rows of a that one task multiplies.
constexpr std::int64_t kRows = 48;

/// Products of matrices that are both computed at run time, in f32.
struct Matmul {
  Operand a, b, out;
  std::optional<Operand> bias;
  enum class Right { plain, transposed } right = Right::plain;
  std::int64_t batches = 1, rows = 0, depth = 0, columns = 0;
  std::int64_t padded_columns = 0;
  BufferId packed = -1;  // [batches, depth, padded_columns]
  BufferId sums = -1;    // by thread [kRows, padded_columns]

  void run(const RunContext& context) const {
    const std::int64_t panel_words = depth * padded_columns;
    parallel_for(context.workers, batches, [&](std::int64_t i, int) {
      const ConstReals from{context.at<float>(b) + i * depth * columns, Storage::f32};
      float* to = context.at<float>(packed) + i * panel_words;
      if (right == Right::transposed) {
        context.kernels.pack_transposed(from, columns, depth, depth, to);
      } else {
        context.kernels.pack(from, depth, columns, columns, to);
      }
    });
    const std::int64_t blocks = (rows + kRows - 1) / kRows;
    parallel_for(context.workers, batches * blocks, [&](std::int64_t i, int thread) {
      const std::int64_t batch = i / blocks, first = i % blocks * kRows;
      PanelProduct p;
      p.a = context.at<float>(a) + (batch * rows + first) * depth;
      p.a_stride = p.depth = depth;
      p.panels = context.at<float>(packed) + batch * panel_words;
      p.panel_stride = depth * context.kernels.panel_columns;
      p.rows = std::min(kRows, rows - first);
      p.columns = columns;
      p.c = context.at<float>(sums) + thread * kRows * padded_columns;
      p.c_stride = padded_columns;
      context.kernels.multiply_panels(p);
      for (std::int64_t r = 0; r < p.rows; ++r) {
        float* to = context.at<float>(out) + (batch * rows + first + r) * columns;
        std::memcpy(to, p.c + r * padded_columns, std::size_t(columns) * sizeof(float));
        if (!bias) continue;
        const Reals row{to, Storage::f32};
        context.kernels.binary(Binary::add, row, context.reals(*bias), Advance::each, row, columns);
      }
    });
  }
};

}  // namespace

/// Also `linear` whose weight is computed at run time: one batch with b transposed.
void emit_matmul(GraphCompiler& compiler, const Node& node) {
  Matmul m;
  m.a = compiler.read(node.inputs[0], Storage::f32);
  m.b = compiler.read(node.inputs[1], Storage::f32);
  const bool linear = node.op == Op::linear;
  const bool transposed = linear || node.as<graph::MatmulAttributes>().transpose_b;
  m.right = transposed ? Matmul::Right::transposed : Matmul::Right::plain;
  if (linear && node.inputs.size() == 3) m.bias = compiler.read(node.inputs[2], Storage::f32);
  m.out = compiler.write(node.output, Storage::f32);
  m.depth = m.a.shape[-1];
  m.columns = m.out.shape[-1];
  if (!linear) {
    for (int i = 0; i + 2 < m.a.shape.rank(); ++i) m.batches *= m.a.shape[i];
  }
  m.rows = m.depth == 0 || m.batches == 0 ? 0 : m.a.shape.elements() / (m.depth * m.batches);
  const std::int64_t panel = compiler.machine().kernels.panel_columns;
  m.padded_columns = (m.columns + panel - 1) / panel * panel;
  m.packed = compiler.scratch(std::size_t(m.batches * m.depth * m.padded_columns) * sizeof(float));
  m.sums = compiler.scratch(std::size_t(compiler.machine().threads * kRows * m.padded_columns) * sizeof(float));
  std::vector<BufferId> reads{m.a.buffer, m.b.buffer};
  if (m.bias) reads.push_back(m.bias->buffer);
  compiler.add_step(reads, {m.out.buffer, m.packed, m.sums}, [m](const RunContext& context) { m.run(context); });
}

}  // namespace lacuna::cpu
