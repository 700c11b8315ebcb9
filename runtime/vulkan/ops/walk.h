#pragma once

#include <vector>

#include "runtime/vulkan/graph_compiler.h"

namespace lacuna::vulkan {

/// A copy of elements over up to 8 axes with strides on both sides; the outermost axis first.
struct Walk {
  std::vector<std::int64_t> sizes, from, to;
  std::int64_t from_offset = 0;
  std::int64_t to_offset = 0;

  void axis(std::int64_t size, std::int64_t from_stride, std::int64_t to_stride) {
    // Axes that continue each other are one; it keeps the list short.
    if (!sizes.empty() && from.back() == from_stride * size && to.back() == to_stride * size) {
      sizes.back() *= size;
      from.back() = from_stride;
      to.back() = to_stride;
      return;
    }
    sizes.push_back(size);
    from.push_back(from_stride);
    to.push_back(to_stride);
  }
};

/// Adds the copy, in as many pieces as bindings make necessary.
void add_walk(GraphCompiler& compiler, const Walk& walk, const Operand& from, const Operand& to);

/// Elements [begin, begin + count) of an operand, from a place before them where a binding may begin.
struct Window {
  Operand operand;
  std::int64_t skip = 0;  // elements of it before the first wanted one
};
Window window_of(const GraphCompiler& compiler, const Operand& whole, std::int64_t begin, std::int64_t count);

}  // namespace lacuna::vulkan
