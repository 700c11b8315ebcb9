#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "fusion/graph/shape.h"

namespace lacuna::conformance {

/// Coordinates of an element.
class Index {
 public:
  Index() = default;
  Index(std::initializer_list<std::int64_t> at) {
    for (std::int64_t i : at) push_back(i);
  }
  explicit Index(int rank) : size_(std::size_t(rank)) {}

  std::size_t size() const { return size_; }
  std::int64_t& operator[](std::size_t axis) { return at_[axis]; }
  std::int64_t operator[](std::size_t axis) const { return at_[axis]; }
  std::int64_t& back() { return at_[size_ - 1]; }
  std::int64_t back() const { return at_[size_ - 1]; }
  void push_back(std::int64_t i) { at_[size_++] = i; }

 private:
  std::array<std::int64_t, graph::Shape::kMaxRank + 1> at_{};
  std::size_t size_ = 0;
};

/// A float64 array read and written by coordinates; integers are held exactly.
struct Array {
  graph::Shape shape;
  std::vector<double> values;

  explicit Array(const graph::Shape& s = {}) : shape(s), values(std::size_t(s.elements())) {}

  double& operator[](const Index& index) { return values[offset(index)]; }
  double operator[](const Index& index) const { return values[offset(index)]; }

  std::size_t offset(const Index& index) const {
    std::int64_t at = 0;
    const auto sizes = shape.sizes();
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) at = at * sizes[axis] + index[axis];
    return std::size_t(at);
  }

  /// Calls `visit` with every index in row-major order.
  template <class Visit>
  static void each(const graph::Shape& shape, Visit&& visit) {
    Index index(shape.rank());
    for (std::int64_t left = shape.elements(); left > 0; --left) {
      visit(std::as_const(index));
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        if (++index[std::size_t(axis)] < shape[axis]) break;
        index[std::size_t(axis)] = 0;
      }
    }
  }
};

}  // namespace lacuna::conformance
