#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace lacuna::graph {

/// Sizes of a tensor's axes, outermost first; rank 0 to kMaxRank.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;
  /// Throws std::invalid_argument for more than kMaxRank axes or a negative size.
  Shape(std::initializer_list<std::int64_t> sizes);
  explicit Shape(std::span<const std::int64_t> sizes);

  int rank() const { return rank_; }
  /// Size of `axis`; negative axes count from the end. Throws std::invalid_argument out of range.
  std::int64_t operator[](int axis) const;
  /// Product of all sizes; 1 for rank 0. Throws std::invalid_argument on overflow.
  std::int64_t elements() const;
  std::span<const std::int64_t> sizes() const { return {sizes_.data(), std::size_t(rank_)}; }
  /// A copy with `axis` replaced by `size`.
  Shape with(int axis, std::int64_t size) const;
  /// "[2, 3]".
  std::string to_string() const;

  friend bool operator==(const Shape& a, const Shape& b);

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

}  // namespace lacuna::graph
