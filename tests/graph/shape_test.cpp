#include "fusion/graph/shape.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <vector>

namespace lacuna::graph {
namespace {

TEST(Shape, SizesAxesAndElements) {
  const Shape s{2, 33, 257};
  EXPECT_EQ(s.rank(), 3);
  EXPECT_EQ(s[0], 2);
  EXPECT_EQ(s[-1], 257);
  EXPECT_EQ(s[-3], 2);
  EXPECT_EQ(s.elements(), 2 * 33 * 257);
  EXPECT_EQ(s.to_string(), "[2, 33, 257]");
}

TEST(Shape, RankZeroIsAScalar) {
  const Shape s;
  EXPECT_EQ(s.rank(), 0);
  EXPECT_EQ(s.elements(), 1);
  EXPECT_EQ(s.to_string(), "[]");
  EXPECT_THROW(s[0], std::invalid_argument);
}

TEST(Shape, AnEmptyAxisMakesNoElements) { EXPECT_EQ((Shape{3, 0, 5}).elements(), 0); }

TEST(Shape, EqualityLooksAtRankAndSizes) {
  EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
  EXPECT_FALSE((Shape{2, 3}) == (Shape{3, 2}));
  EXPECT_FALSE((Shape{2, 3}) == (Shape{2, 3, 1}));
}

TEST(Shape, WithReplacesOneAxis) {
  const Shape s{2, 3, 4};
  EXPECT_EQ(s.with(-1, 9), (Shape{2, 3, 9}));
  EXPECT_EQ(s.with(0, 7), (Shape{7, 3, 4}));
  EXPECT_EQ(s, (Shape{2, 3, 4}));
  EXPECT_THROW(s.with(3, 1), std::invalid_argument);
  EXPECT_THROW(s.with(-4, 1), std::invalid_argument);
}

TEST(Shape, RefusesNegativeSizesAndTooManyAxes) {
  EXPECT_THROW((Shape{2, -1}), std::invalid_argument);
  EXPECT_NO_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), std::invalid_argument);
  EXPECT_THROW((Shape{2})[1], std::invalid_argument);
  EXPECT_THROW((Shape{2})[-2], std::invalid_argument);
}

TEST(Shape, OverflowOfTheProductIsAnError) {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max() / 2;
  EXPECT_EQ((Shape{huge, 2}).elements(), huge * 2);
  EXPECT_THROW((Shape{huge, 3}).elements(), std::invalid_argument);
  EXPECT_EQ((Shape{0, huge, 3}).elements(), 0);
}

}  // namespace
}  // namespace lacuna::graph
