#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;
using graph::Shape;

namespace {

constexpr std::int64_t kGrain = 1 << 15;

/// Where the elements of a dense result come from: result axis i has sizes[i] and moves strides[i] in the source.
struct Gather {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;

  void push(std::int64_t size, std::int64_t stride) {
    if (size == 1) return;
    if (!sizes.empty() && strides.back() == stride * size) {  // the two run through the source as one
      sizes.back() *= size;
      strides.back() = stride;
    } else {
      sizes.push_back(size);
      strides.push_back(stride);
    }
  }
  std::int64_t inner() const { return sizes.empty() ? 1 : sizes.back(); }
  std::int64_t inner_stride() const { return strides.empty() ? 1 : strides.back(); }
  std::int64_t offset(std::int64_t row) const {
    std::int64_t at = 0;
    for (std::size_t i = sizes.size(); i-- > 1;) {
      at += row % sizes[i - 1] * strides[i - 1];
      row /= sizes[i - 1];
    }
    return at;
  }
};

template <class T>
void run_gather(const RunContext& context, const Gather& gather, const T* from, T* to, std::int64_t count) {
  const std::int64_t inner = gather.inner(), stride = gather.inner_stride();
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(inner, 1));
  parallel_ranges(context.workers, inner == 0 ? 0 : count / inner, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const T* source = from + gather.offset(r);
      T* target = to + r * inner;
      if (stride == 1) {
        std::memcpy(target, source, std::size_t(inner) * sizeof(T));
      } else {
        for (std::int64_t i = 0; i < inner; ++i) target[i] = source[i * stride];
      }
    }
  });
}

/// Adds a step that fills `to` (same storage) from `from`, `skip` elements in.
void emit_gather(GraphCompiler& compiler, const Gather& gather, const Operand& from, std::int64_t skip,
                 const Operand& to) {
  compiler.add_step({from.buffer}, {to.buffer}, [=](const RunContext& context) {
    const std::int64_t count = to.shape.elements();
    const ConstReals source = ConstReals(context.reals(from)).from(skip);
    const Reals target = context.reals(to);
    if (size_of(from.storage) == 2) {
      run_gather(context, gather, static_cast<const std::uint16_t*>(source.data), static_cast<std::uint16_t*>(target.data), count);
    } else {
      run_gather(context, gather, static_cast<const std::uint32_t*>(source.data), static_cast<std::uint32_t*>(target.data), count);
    }
  });
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(std::size_t(shape.rank()), 1);
  for (int i = shape.rank() - 2; i >= 0; --i) strides[std::size_t(i)] = strides[std::size_t(i) + 1] * shape[i + 1];
  return strides;
}

Gather permutation(const Shape& shape, std::span<const int> order) {
  const auto strides = strides_of(shape);
  Gather gather;
  for (int axis : order) gather.push(shape[axis], strides[std::size_t(axis)]);
  return gather;
}

constexpr std::array kToLast{0, 2, 3, 1};
constexpr std::array kToPlain{0, 3, 1, 2};

/// to [columns, rows] = from [rows, columns] for columns [begin, end), in blocks that stay in cache.
template <class T>
void transpose(const T* from, T* to, std::int64_t rows, std::int64_t columns, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t c = begin; c < end; c += kBlock) {
    for (std::int64_t r = 0; r < rows; r += kBlock) {
      const std::int64_t last_c = std::min(c + kBlock, end), last_r = std::min(r + kBlock, rows);
      for (std::int64_t i = c; i < last_c; ++i) {
        for (std::int64_t j = r; j < last_r; ++j) to[i * rows + j] = from[j * columns + i];
      }
    }
  }
}

/// Between plain and channels-last, of one storage: each picture is a matrix [C, H * W] or its transpose.
void emit_layout(GraphCompiler& compiler, const Operand& from, const Operand& to) {
  const std::int64_t images = from.shape[0], channels = from.shape[1], pixels = from.shape[2] * from.shape[3];
  const std::int64_t rows = to.layout == Layout::channels_last ? channels : pixels;
  const std::int64_t columns = to.layout == Layout::channels_last ? pixels : channels;
  const std::int64_t grain = std::max<std::int64_t>(16, kGrain / std::max<std::int64_t>(rows, 1) / 16 * 16);
  const std::int64_t pieces = (columns + grain - 1) / grain;
  compiler.add_step({from.buffer}, {to.buffer}, [=](const RunContext& context) {
    parallel_for(context.workers, images * pieces, [&](std::int64_t i, int) {
      const ConstReals source = ConstReals(context.reals(from)).from(i / pieces * rows * columns);
      const Reals target = context.reals(to).from(i / pieces * rows * columns);
      const std::int64_t begin = i % pieces * grain, end = std::min(begin + grain, columns);
      if (size_of(from.storage) == 2) {
        transpose(static_cast<const std::uint16_t*>(source.data), static_cast<std::uint16_t*>(target.data), rows, columns,
                  begin, end);
      } else {
        transpose(static_cast<const std::uint32_t*>(source.data), static_cast<std::uint32_t*>(target.data), rows, columns,
                  begin, end);
      }
    });
  });
}

}  // namespace

void emit_copy(GraphCompiler& compiler, const Operand& from, const Operand& to) {
  const std::int64_t count = from.shape.elements();
  if (from.layout == to.layout) {
    compiler.add_step({from.buffer}, {to.buffer}, [=](const RunContext& context) {
      const ConstReals x = context.reals(from);
      const Reals y = context.reals(to);
      parallel_ranges(context.workers, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
        if (x.storage == y.storage) {
          std::memcpy(y.from(begin).data, x.from(begin).data, std::size_t(end - begin) * size_of(x.storage));
        } else {
          context.kernels.convert(x.from(begin), y.from(begin), end - begin);
        }
      });
    });
    return;
  }
  if (from.storage == to.storage) return emit_layout(compiler, from, to);
  const Operand between{compiler.scratch(std::size_t(count) * size_of(to.storage)), 0, from.shape, to.storage, from.layout};
  emit_copy(compiler, from, between);
  emit_layout(compiler, between, to);
}

void emit_reshape(GraphCompiler& compiler, const Node& node) {
  Operand x = compiler.read_plain(node.inputs[0]);
  x.shape = compiler.shape(node.output);
  compiler.view(node.output, x);
}

void emit_permute(GraphCompiler& compiler, const Node& node) {
  const auto& order = node.as<graph::PermuteAttributes>().order;
  Operand x = compiler.native(node.inputs[0]);
  const Shape& shape = compiler.shape(node.output);
  if (x.layout == Layout::channels_last && std::ranges::equal(order, kToLast)) {
    x.layout = Layout::plain;  // it lies like this already
    x.shape = shape;
    return compiler.view(node.output, x);
  }
  if (x.layout == Layout::plain && std::ranges::equal(order, kToPlain)) {
    x.layout = Layout::channels_last;
    x.shape = shape;
    return compiler.view(node.output, x);
  }
  x = compiler.read_plain(node.inputs[0]);
  const Operand y = compiler.write(node.output, x.storage);
  if (y.storage == x.storage) return emit_gather(compiler, permutation(x.shape, order), x, 0, y);
  const Operand wide = compiler.read(node.inputs[0], y.storage);
  emit_gather(compiler, permutation(x.shape, order), wide, 0, y);
}

void emit_slice(GraphCompiler& compiler, const Node& node) {
  const auto& attributes = node.as<graph::SliceAttributes>();
  Operand x = compiler.read_plain(node.inputs[0]);
  const Shape& shape = compiler.shape(node.output);
  const auto strides = strides_of(x.shape);
  const std::int64_t skip = attributes.begin * strides[std::size_t(attributes.axis)];
  if (attributes.axis == 0) {
    x.offset += skip;
    x.shape = shape;
    return compiler.view(node.output, x);
  }
  const Operand y = compiler.write(node.output, x.storage);
  x = compiler.read(node.inputs[0], y.storage);
  Gather gather;
  for (int i = 0; i < shape.rank(); ++i) gather.push(shape[i], strides[std::size_t(i)]);
  emit_gather(compiler, gather, x, skip, y);
}

void emit_concat(GraphCompiler& compiler, const Node& node) {
  const int axis = node.as<graph::ConcatAttributes>().axis;
  const Storage storage = compiler.graph().value(node.output).dtype == graph::DType::i32 ? Storage::i32
                                                                                          : compiler.preferred(node.output);
  std::vector<Operand> parts;
  for (graph::ValueId id : node.inputs) parts.push_back(compiler.read(id, storage));
  const Operand y = compiler.write(node.output, storage);
  const Shape& shape = y.shape;
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  std::vector<BufferId> reads;
  for (const Operand& part : parts) reads.push_back(part.buffer);
  compiler.add_step(reads, {y.buffer}, [=](const RunContext& context) {
    const std::int64_t row = y.shape[axis] * inner;
    const Reals to = context.reals(y);
    parallel_ranges(context.workers, outer, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(row, 1)),
                    [&](std::int64_t begin, std::int64_t end) {
                      std::int64_t at = 0;
                      for (const Operand& part : parts) {
                        const std::int64_t width = part.shape[axis] * inner;
                        const ConstReals from = context.reals(part);
                        for (std::int64_t r = begin; r < end; ++r) {
                          std::memcpy(to.from(r * row + at).data, from.from(r * width).data,
                                      std::size_t(width) * size_of(storage));
                        }
                        at += width;
                      }
                    });
  });
}

void emit_cast(GraphCompiler& compiler, const Node& node) {
  const bool to_integer = compiler.graph().value(node.output).dtype == graph::DType::i32;
  const Operand x = compiler.read(node.inputs[0], to_integer ? Storage::f32 : Storage::i32);
  const Operand y = compiler.write(node.output, to_integer ? Storage::i32 : Storage::f32);
  compiler.add_step({x.buffer}, {y.buffer}, [=](const RunContext& context) {
    const std::int64_t count = x.shape.elements();
    for (std::int64_t i = 0; i < count; ++i) {
      if (to_integer) {
        context.at<std::int32_t>(y)[i] = std::int32_t(context.at<float>(x)[i]);
      } else {
        context.at<float>(y)[i] = float(context.at<std::int32_t>(x)[i]);
      }
    }
  });
}

void emit_upsample(GraphCompiler& compiler, const Node& node) {
  const Operand native = compiler.native(node.inputs[0]);
  const Operand x = compiler.read(node.inputs[0], native.storage, Layout::channels_last);
  const Operand y = compiler.write(node.output, x.storage, Layout::channels_last);
  const std::int64_t height = x.shape[2], width = x.shape[3], channels = x.shape[1];
  compiler.add_step({x.buffer}, {y.buffer}, [=](const RunContext& context) {
    const ConstReals from = context.reals(x);
    const Reals to = context.reals(y);
    parallel_for(context.workers, x.shape[0] * height, [&](std::int64_t row, int) {
      const std::size_t pixel = std::size_t(channels) * size_of(x.storage);
      auto* target = static_cast<std::byte*>(to.from(row * 4 * width * channels).data);
      const auto* source = static_cast<const std::byte*>(from.from(row * width * channels).data);
      for (std::int64_t i = 0; i < width; ++i, source += pixel) {
        std::memcpy(target + std::size_t(2 * i) * pixel, source, pixel);
        std::memcpy(target + std::size_t(2 * i + 1) * pixel, source, pixel);
      }
      std::memcpy(target + std::size_t(2 * width) * pixel, target, std::size_t(2 * width) * pixel);
    });
  });
}

}  // namespace lacuna::cpu
