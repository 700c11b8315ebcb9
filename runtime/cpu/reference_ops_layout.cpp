#include <algorithm>
#include <array>

#include "runtime/cpu/reference_ops.h"

namespace lacuna::cpu::reference {
namespace {

/// Elements inside one step of `axis`, and steps outside it.
struct Split {
  std::size_t outer = 1;
  std::size_t inner = 1;
};

Split split_at(const graph::Shape& shape, int axis) {
  Split split;
  for (int i = 0; i < shape.rank(); ++i) (i < axis ? split.outer : split.inner) *= i == axis ? 1 : std::size_t(shape[i]);
  return split;
}

}  // namespace

void reshape(Inputs in, Output out) {
  std::copy_n(in[0].data, out.size() * size_of(out.dtype), out.data);
}

void permute(const graph::PermuteAttributes& attributes, Inputs in, Output out) {
  const int rank = out.shape.rank();
  std::array<std::size_t, graph::Shape::kMaxRank> strides{};  // of the input, by its own axes
  std::size_t stride = 1;
  for (int axis = rank - 1; axis >= 0; --axis) {
    strides[std::size_t(axis)] = stride;
    stride *= std::size_t(in[0].shape[axis]);
  }
  const std::size_t element = size_of(out.dtype);
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::size_t rest = i, j = 0;
    for (int axis = rank - 1; axis >= 0; --axis) {
      const std::size_t size = std::size_t(out.shape[axis]);
      j += rest % size * strides[std::size_t(attributes.order[std::size_t(axis)])];
      rest /= size;
    }
    std::copy_n(in[0].data + j * element, element, out.data + i * element);
  }
}

void slice(const graph::SliceAttributes& attributes, Inputs in, Output out) {
  const Split split = split_at(in[0].shape, attributes.axis);
  const std::size_t step = split.inner * size_of(out.dtype);
  const std::size_t size = std::size_t(in[0].shape[attributes.axis]);
  const std::size_t begin = std::size_t(attributes.begin), taken = std::size_t(attributes.end - attributes.begin);
  for (std::size_t o = 0; o < split.outer; ++o) {
    std::copy_n(in[0].data + (o * size + begin) * step, taken * step, out.data + o * taken * step);
  }
}

void concat(const graph::ConcatAttributes& attributes, Inputs in, Output out) {
  const Split split = split_at(out.shape, attributes.axis);
  const std::size_t step = split.inner * size_of(out.dtype);
  std::byte* to = out.data;
  for (std::size_t o = 0; o < split.outer; ++o) {
    for (const ReferenceTensor& x : in) {
      const std::size_t bytes = std::size_t(x.shape[attributes.axis]) * step;
      to = std::copy_n(x.data + o * bytes, bytes, to);
    }
  }
}

}  // namespace lacuna::cpu::reference
