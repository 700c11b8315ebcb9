#include <algorithm>

#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/ops/walk.h"

namespace lacuna::vulkan {
namespace {

struct Matmul {
  Operand a, b, y;
  std::int64_t rows, columns, inner;  // of a batch
  bool transposed;
};

/// `rows` rows of `batches` batches, from a row of the first one on; fewer rows than all of them only of one batch.
void add_matmul(GraphCompiler& compiler, const Matmul& m, std::int64_t batch, std::int64_t batches, std::int64_t row,
                std::int64_t rows) {
  const std::int64_t first = batch * m.rows + row, count = batches * rows * m.columns;
  const Window a = window_of(compiler, m.a, first * m.inner, batches * rows * m.inner);
  const Window b = window_of(compiler, m.b, batch * m.inner * m.columns, batches * m.inner * m.columns);
  const Window y = window_of(compiler, m.y, first * m.columns, count);
  const Kernel kernel{"matmul", storage_bindings(3), 28, {m.transposed ? 1u : 0u}};
  compiler.add({&compiler.pipeline(kernel),
                {{a.operand}, {b.operand}, {y.operand, Access::write}},
                {word(count), word(rows), word(m.columns), word(m.inner), word(a.skip), word(b.skip), word(y.skip)},
                linear_grid(count, 8),
                double(count) * double(m.inner) * 2});
}

}  // namespace

void record_matmul(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape& out = compiler.shape(node.output);
  const Matmul m{compiler.read(node.inputs[0]), compiler.read(node.inputs[1]), compiler.write(node.output), out[-2], out[-1],
                 compiler.shape(node.inputs[0])[-1], node.as<graph::MatmulAttributes>().transpose_b};
  const std::int64_t area = m.rows * m.columns, batches = area > 0 ? out.elements() / area : 0;
  // What a window has in front of it counts too.
  const auto most = std::int64_t(compiler.device().limits().storage_range - compiler.device().limits().alignment) / 4;
  const std::int64_t batch_size = std::max({m.rows * m.inner, m.inner * m.columns, area, std::int64_t{1}});
  const std::int64_t step = std::max<std::int64_t>(1, most / batch_size);
  const std::int64_t widest = std::max({m.inner, m.columns, std::int64_t{1}});
  const std::int64_t row_step = step > 1 || batch_size <= most ? m.rows : std::max<std::int64_t>(1, most / widest);
  if (m.a.bytes <= most * 4 && m.b.bytes <= most * 4 && m.y.bytes <= most * 4) return add_matmul(compiler, m, 0, batches, 0, m.rows);
  for (std::int64_t batch = 0; batch < batches; batch += step) {
    for (std::int64_t row = 0; row < m.rows; row += row_step) {
      add_matmul(compiler, m, batch, std::min(step, batches - batch), row, std::min(row_step, m.rows - row));
    }
  }
}

}  // namespace lacuna::vulkan
