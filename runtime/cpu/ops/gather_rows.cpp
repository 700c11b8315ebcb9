#include <cstring>
#include <stdexcept>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"
#include "runtime/cpu/weight_rows.h"

namespace lacuna::cpu {

using graph::Node;

namespace {

constexpr std::int64_t kGrain = 16;

void check_ids(const std::int32_t* ids, std::int64_t count, std::int64_t rows) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || ids[i] >= rows) {
      throw std::invalid_argument("[gather_rows] expected ids in [0, " + std::to_string(rows) + "), got " +
                                  std::to_string(ids[i]) + " at " + std::to_string(i));
    }
  }
}

/// Rows are read from where the weight is stored: a table of embeddings is never copied as a whole.
void emit_from_weight(GraphCompiler& compiler, const Node& node, const WeightSlice& slice) {
  const graph::WeightView* weight = &require_weight(*compiler.source(), slice.name, slice.shape);
  compiler.keep_alive(compiler.source());
  const Operand ids = compiler.read(node.inputs[1], Storage::i32);
  const Operand y = compiler.write(node.output, Storage::f32);
  const std::int64_t count = ids.shape[0], width = slice.shape[1];
  compiler.add_step({ids.buffer}, {y.buffer}, [=](const RunContext& context) {
    const auto* id = context.at<std::int32_t>(ids);
    check_ids(id, count, slice.end - slice.begin);
    parallel_ranges(context.workers, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        read_rows(*weight, slice.begin + id[r], 1, context.at<float>(y) + r * width);
      }
    });
  });
}

}  // namespace

void emit_gather_rows(GraphCompiler& compiler, const Node& node) {
  if (const auto slice = compiler.as_weight(node.inputs[0])) return emit_from_weight(compiler, node, *slice);
  Operand table = compiler.read_plain(node.inputs[0]);
  const Operand ids = compiler.read(node.inputs[1], Storage::i32);
  const Operand y = compiler.write(node.output, table.storage);
  table = compiler.read(node.inputs[0], y.storage);  // an output is f32 whatever the table is
  const std::int64_t count = ids.shape[0], width = table.shape[1], rows = table.shape[0];
  compiler.add_step({table.buffer, ids.buffer}, {y.buffer}, [=](const RunContext& context) {
    const auto* id = context.at<std::int32_t>(ids);
    check_ids(id, count, rows);
    const ConstReals from = context.reals(table);
    const Reals to = context.reals(y);
    for (std::int64_t r = 0; r < count; ++r) {
      std::memcpy(to.from(r * width).data, from.from(id[r] * width).data, std::size_t(width) * size_of(y.storage));
    }
  });
}

}  // namespace lacuna::cpu
