#include <algorithm>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;

namespace {

std::int64_t round_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

/// Keys and values of one sequence and key head, in panels.
struct Source {
  std::int64_t first_row;
  std::int64_t rows;
  std::int64_t head;
  std::int64_t packed_keys;    // words into the packed buffer
  std::int64_t packed_values;
};

/// A block of queries of one head.
struct Task {
  std::size_t source;
  std::int64_t head;
  std::int64_t first_row;  // of the whole input
  std::int64_t rows;
};

struct Attention {
  Operand q, k, v, out;
  std::int64_t head_dim = 0;
  float scale = 1.0f;
  std::vector<Source> sources;
  std::vector<Task> tasks;
  BufferId packed = -1;
  BufferId scratch = -1;

  void run(const RunContext& context) const {
    auto* words = context.at<std::uint32_t>(packed);
    const std::int64_t kv_stride = k.shape[1], q_stride = q.shape[1];
    parallel_for(context.workers, std::int64_t(sources.size()), [&](std::int64_t i, int) {
      const Source& s = sources[std::size_t(i)];
      const std::int64_t at = s.first_row * kv_stride + s.head * head_dim;
      context.kernels.pack_transposed(ConstReals(context.reals(k)).from(at), s.rows, head_dim, kv_stride,
                                      words + s.packed_keys);
      context.kernels.pack(ConstReals(context.reals(v)).from(at), s.rows, head_dim, kv_stride, words + s.packed_values);
    });
    parallel_for(context.workers, std::int64_t(tasks.size()), [&](std::int64_t i, int thread) {
      const Task& task = tasks[std::size_t(i)];
      const Source& s = sources[task.source];
      const std::int64_t at = task.first_row * q_stride + task.head * head_dim;
      AttentionTask t;
      t.queries = ConstReals(context.reals(q)).from(at);
      t.query_stride = t.out_stride = q_stride;
      t.rows = task.rows;
      t.keys = s.rows;
      t.head_dim = head_dim;
      t.scale = scale;
      t.packed_keys = words + s.packed_keys;
      t.packed_values = words + s.packed_values;
      t.out = context.reals(out).from(at);
      t.scratch = context.at<std::byte>(scratch) + thread * AttentionTask::scratch_bytes(head_dim);
      t.multiply = context.kernels.multiply_panels;
      context.kernels.attend(t);
    });
  }
};

}  // namespace

void emit_attention(GraphCompiler& compiler, const Node& node) {
  const auto& attributes = node.as<graph::AttentionAttributes>();
  const Machine& machine = compiler.machine();
  Attention attention;
  attention.head_dim = compiler.shape(node.inputs[0])[1] / attributes.heads;
  attention.scale = attributes.scale;
  const bool narrow = machine.precision != Precision::f32 && machine.kernels.dot_storage == Storage::bf16 &&
                      attention.head_dim % 2 == 0;
  const Storage storage = narrow ? Storage::bf16 : Storage::f32;
  attention.q = compiler.read(node.inputs[0], storage);
  attention.k = compiler.read(node.inputs[1], storage);
  attention.v = compiler.read(node.inputs[2], storage);
  attention.out = compiler.write(node.output, compiler.preferred(node.output));

  const std::int64_t panel = machine.kernels.panel_columns, pair = narrow ? 2 : 1;
  const std::int64_t group = attributes.heads / attributes.kv_heads;
  std::int64_t words = 0, first = 0;
  for (std::int64_t rows : attributes.segments) {
    for (std::int64_t head = 0; head < attributes.kv_heads; ++head) {
      Source source{first, rows, head, words, 0};
      words += round_up(rows, panel) * (round_up(attention.head_dim, pair) / pair);
      source.packed_values = words;
      words += round_up(attention.head_dim, panel) * (round_up(rows, pair) / pair);
      attention.sources.push_back(source);
      for (std::int64_t query_head = head * group; query_head < (head + 1) * group; ++query_head) {
        for (std::int64_t at = 0; at < rows; at += AttentionTask::kQueries) {
          attention.tasks.push_back({attention.sources.size() - 1, query_head, first + at,
                                     std::min(AttentionTask::kQueries, rows - at)});
        }
      }
    }
    first += rows;
  }
  attention.packed = compiler.scratch(std::size_t(words) * 4);
  attention.scratch =
      compiler.scratch(std::size_t(machine.threads) * std::size_t(AttentionTask::scratch_bytes(attention.head_dim)));
  compiler.add_step({attention.q.buffer, attention.k.buffer, attention.v.buffer},
                    {attention.out.buffer, attention.packed, attention.scratch},
                    [attention](const RunContext& context) { attention.run(context); });
}

}  // namespace lacuna::cpu
