#include "fusion/graph/philox.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

namespace lacuna::graph {
namespace {

using Words = std::array<std::uint32_t, 4>;

// The vectors of Random123's kat_vectors for philox4x32 with 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0}, {0, 0, 0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones}, {ones, ones, ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, IsAConstantExpression) {
  static_assert(philox4x32({0, 0}, {0, 0, 0, 0})[0] == 0x6627e8d5);
}

TEST(Uniform53, NeverTouchesEitherEnd) {
  static_assert(uniform53(0, 0) > 0.0);
  static_assert(uniform53(0xffffffff, 0xffffffff) < 1.0);
  EXPECT_EQ(uniform53(0, 0), 0x1.0p-53);
  EXPECT_EQ(uniform53(0xffffffff, 0xffffffff), 1.0 - 0x1.0p-53);
  EXPECT_EQ(uniform53(0x80000000, 0), 0.5 + 0x1.0p-53);
  // The low 12 bits are dropped.
  EXPECT_EQ(uniform53(0, 0xfff), uniform53(0, 0));
  EXPECT_GT(uniform53(0, 0x1000), uniform53(0, 0));
}

TEST(UniformAt, DependsOnEveryArgument) {
  const double base = uniform_at(7, RandomStream::token, 3, 11);
  EXPECT_EQ(base, uniform_at(7, RandomStream::token, 3, 11));
  EXPECT_NE(base, uniform_at(8, RandomStream::token, 3, 11));
  EXPECT_NE(base, uniform_at(7 + (std::uint64_t{1} << 32), RandomStream::token, 3, 11));
  EXPECT_NE(base, uniform_at(7, RandomStream::order, 3, 11));
  EXPECT_NE(base, uniform_at(7, RandomStream::token, 4, 11));
  EXPECT_NE(base, uniform_at(7, RandomStream::token, 3, 12));
}

TEST(UniformAt, FillsTheUnitIntervalEvenly) {
  constexpr int kDraws = 100000, kBins = 100;
  std::array<int, kBins> counts{};
  std::set<double> seen;
  double sum = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = uniform_at(42, RandomStream::masking, 5, std::uint32_t(i));
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++counts[std::size_t(u * kBins)];
    seen.insert(u);
    sum += u;
  }
  EXPECT_EQ(seen.size(), std::size_t(kDraws));
  EXPECT_NEAR(sum / kDraws, 0.5, 5.0 / std::sqrt(12.0 * kDraws));
  double chi_square = 0.0;
  for (int count : counts) chi_square += std::pow(count - kDraws / kBins, 2) / (double(kDraws) / kBins);
  EXPECT_LT(chi_square, 99 + 5 * std::sqrt(2.0 * 99));
}

}  // namespace
}  // namespace lacuna::graph
