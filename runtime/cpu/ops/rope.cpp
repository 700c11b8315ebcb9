#include <cmath>
#include <numeric>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;
using graph::RopeAttributes;

namespace {

/// Rows that one task rotates.
constexpr std::int64_t kGrain = 16;

/// Frequencies by pair and the position axis that each pair turns with.
struct Pairs {
  std::vector<float> frequencies;
  std::vector<std::int64_t> axes;
};

Pairs pairs_of(const RopeAttributes& attributes) {
  Pairs pairs;
  for (std::size_t axis = 0; axis < attributes.sections.size(); ++axis) {
    const int size = attributes.sections[axis];
    for (int j = 0; j < size; ++j) {
      pairs.frequencies.push_back(std::pow(attributes.theta, -float(j) / float(size)));
      pairs.axes.push_back(std::int64_t(axis));
    }
  }
  return pairs;
}

/// Cosines, then sines of all angles, [2, rows, pairs]: computed once for all layers that share them.
BufferId angle_table(GraphCompiler& compiler, graph::ValueId positions, const RopeAttributes& attributes) {
  std::string key = "angles " + std::to_string(positions) + " " + std::to_string(attributes.theta);
  for (int section : attributes.sections) key += " " + std::to_string(section);
  if (const auto known = compiler.recall(key)) return *known;

  const Pairs pairs = pairs_of(attributes);
  const Operand position = compiler.read(positions, Storage::i32);
  const std::int64_t rows = position.shape[0], axes = position.shape[1], count = std::int64_t(pairs.axes.size());
  const BufferId table = compiler.scratch(std::size_t(2 * rows * count) * sizeof(float));
  compiler.add_step({position.buffer}, {table}, [=](const RunContext& context) {
    float* cosines = context.at<float>(table);
    float* sines = cosines + rows * count;
    parallel_ranges(context.workers, rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int32_t* at = context.at<std::int32_t>(position) + r * axes;
        for (std::int64_t j = 0; j < count; ++j) {
          const float angle = float(at[pairs.axes[std::size_t(j)]]) * pairs.frequencies[std::size_t(j)];
          cosines[r * count + j] = std::cos(angle);
          sines[r * count + j] = std::sin(angle);
        }
      }
    });
  });
  compiler.remember(key, table);
  return table;
}

}  // namespace

void emit_rope(GraphCompiler& compiler, const Node& node) {
  const auto& attributes = node.as<RopeAttributes>();
  const BufferId table = angle_table(compiler, node.inputs[1], attributes);
  const Operand x = compiler.read_plain(node.inputs[0]);
  const Operand y = compiler.write(node.output, compiler.preferred(node.output));
  const std::int64_t rows = x.shape[0], width = x.shape[1];
  const std::int64_t pairs = std::accumulate(attributes.sections.begin(), attributes.sections.end(), std::int64_t{0});
  RopeRow shape;
  shape.heads = width / attributes.head_dim;
  shape.head_dim = attributes.head_dim;
  shape.pairs = pairs;
  shape.layout = attributes.layout;
  compiler.add_step({x.buffer, table}, {y.buffer}, [=](const RunContext& context) {
    parallel_ranges(context.workers, rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
      RopeRow row = shape;
      for (std::int64_t r = begin; r < end; ++r) {
        row.cosines = context.at<float>(table) + r * pairs;
        row.sines = row.cosines + rows * pairs;
        context.kernels.rope(row, ConstReals(context.reals(x)).from(r * width), context.reals(y).from(r * width));
      }
    });
  });
}

}  // namespace lacuna::cpu
