#include "fusion/graph/shape.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace lacuna::graph {

Shape::Shape(std::initializer_list<std::int64_t> sizes)
    : Shape(std::span<const std::int64_t>(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const std::int64_t> sizes) {
  if (sizes.size() > kMaxRank) {
    throw std::invalid_argument("[shape] expected at most 8 axes, got " + std::to_string(sizes.size()));
  }
  for (std::int64_t size : sizes) {
    if (size < 0) throw std::invalid_argument("[shape] expected sizes >= 0, got " + std::to_string(size));
    sizes_[std::size_t(rank_++)] = size;
  }
}

std::int64_t Shape::operator[](int axis) const {
  const int i = axis < 0 ? axis + rank_ : axis;
  if (i < 0 || i >= rank_) {
    throw std::invalid_argument("[shape] axis " + std::to_string(axis) + " is outside " + to_string());
  }
  return sizes_[std::size_t(i)];
}

std::int64_t Shape::elements() const {
  std::int64_t product = 1;
  for (std::int64_t size : sizes()) {
    if (size != 0 && product > std::numeric_limits<std::int64_t>::max() / size) {
      throw std::invalid_argument("[shape] the product of " + to_string() + " overflows");
    }
    product *= size;
  }
  return product;
}

Shape Shape::with(int axis, std::int64_t size) const {
  (*this)[axis];
  Shape copy = *this;
  copy.sizes_[std::size_t(axis < 0 ? axis + rank_ : axis)] = size;
  return copy;
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) text += (i ? ", " : "") + std::to_string(sizes_[std::size_t(i)]);
  return text + "]";
}

bool operator==(const Shape& a, const Shape& b) { return std::ranges::equal(a.sizes(), b.sizes()); }

}  // namespace lacuna::graph
