#pragma once

#include "runtime/vulkan/graph_compiler.h"

namespace lacuna::vulkan {

/// The categorical draw for rows [first_row, first_row + rows) of keys and proposals, from logits [rows, classes].
struct Draw {
  Operand logits;
  std::optional<Operand> unconditional;
  Operand sampling;
  Operand keys;
  Operand proposals;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
};
void add_draw(GraphCompiler& compiler, const Draw& draw);

/// Refuses sampling parameters that make no sense before each run, when they come from the host.
void check_sampling(GraphCompiler& compiler, graph::ValueId sampling);

}  // namespace lacuna::vulkan
