#include "runtime/vulkan/ops/walk.h"

#include <algorithm>
#include <array>

namespace lacuna::vulkan {
namespace {

/// The part of an operand that a walk touches on one side, from a place where a binding may begin; `offset` becomes
/// relative to it.
Operand touched(const GraphCompiler& compiler, const Operand& whole, const std::vector<std::int64_t>& sizes,
                const std::vector<std::int64_t>& strides, std::int64_t& offset) {
  std::int64_t last = offset;
  for (std::size_t i = 0; i < sizes.size(); ++i) last += (sizes[i] - 1) * strides[i];
  const Window window = window_of(compiler, whole, offset, last + 1 - offset);
  offset = window.skip;
  return window.operand;
}

}  // namespace

Window window_of(const GraphCompiler& compiler, const Operand& whole, std::int64_t begin, std::int64_t count) {
  const auto unit = std::max<std::int64_t>(1, std::int64_t(compiler.device().limits().alignment) / 4);
  const std::int64_t first = begin / unit * unit;
  return {rows_of(whole, first, begin + count - first, 1), begin - first};
}

void add_walk(GraphCompiler& compiler, const Walk& walk, const Operand& from, const Operand& to) {
  const std::uint64_t range = compiler.device().limits().storage_range;
  if (std::ranges::find(walk.sizes, 0) != walk.sizes.end()) return;
  if (from.bytes > range || to.bytes > range) {
    Walk part = walk;
    const Operand a = touched(compiler, from, walk.sizes, walk.from, part.from_offset);
    const Operand b = touched(compiler, to, walk.sizes, walk.to, part.to_offset);
    if (a.bytes <= range && b.bytes <= range) return add_walk(compiler, part, a, b);
    const auto longest = std::size_t(std::ranges::find_if(walk.sizes, [](std::int64_t n) { return n > 1; }) - walk.sizes.begin());
    if (longest < walk.sizes.size()) {  // by halves of the outermost axis
      Walk first = walk, second = walk;
      first.sizes[longest] = walk.sizes[longest] / 2;
      second.sizes[longest] -= first.sizes[longest];
      second.from_offset += first.sizes[longest] * walk.from[longest];
      second.to_offset += first.sizes[longest] * walk.to[longest];
      add_walk(compiler, first, from, to);
      return add_walk(compiler, second, from, to);
    }
  }
  constexpr std::size_t kAxes = 8;
  if (walk.sizes.size() > kAxes) throw std::logic_error("[vulkan] a copy over more than 8 axes");
  std::int64_t count = 1;
  std::array<std::uint32_t, 3 * kAxes> axes{};  // the last axis first
  for (std::size_t i = 0; i < walk.sizes.size(); ++i) {
    const std::size_t at = walk.sizes.size() - 1 - i;
    axes[i] = word(walk.sizes[at]);
    axes[kAxes + i] = word(walk.from[at]);
    axes[2 * kAxes + i] = word(walk.to[at]);
    count *= walk.sizes[at];
  }
  const Kernel kernel{"walk", storage_bindings(2), 12 + 4 * 3 * kAxes, {std::uint32_t(walk.sizes.size())}};
  std::vector<std::uint32_t> push{word(count), word(walk.from_offset), word(walk.to_offset)};
  push.insert(push.end(), axes.begin(), axes.end());
  compiler.add({&compiler.pipeline(kernel), {{from}, {to, Access::write}}, std::move(push), linear_grid(count, 64), double(count)});
}

}  // namespace lacuna::vulkan
