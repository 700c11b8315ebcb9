#include "vision/augment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/sample_files.h"
#include "vision/metrics.h"

namespace lacuna::vision {
namespace {

using namespace testing;

constexpr AugmentOptions kNothing{.max_shift = 0,
                                  .min_scale = 1,
                                  .max_scale = 1,
                                  .max_rotation = 0,
                                  .max_gamma = 1,
                                  .max_saturation = 0,
                                  .max_hue = 0};

/// A dark square in the middle of white.
Image square() {
  Image out(Size{64, 64}, 1.0f);
  for (int y = 24; y < 40; ++y) {
    for (int x = 24; x < 40; ++x) {
      out.at(y, x, 0) = 0.2f;
      out.at(y, x, 1) = 0.4f;
      out.at(y, x, 2) = 0.7f;
    }
  }
  return out;
}

TEST(Augment, SameSeedSamePictureAndOthersDiffer) {
  const Image image = square();
  EXPECT_EQ(augment(image, {}, 7), augment(image, {}, 7));
  int different = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    different += augment(image, {}, seed) == augment(image, {}, seed + 1) ? 0 : 1;
  }
  EXPECT_EQ(different, 20);
}

TEST(Augment, NothingAllowedIsNothingDone) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    EXPECT_GT(psnr(augment(square(), kNothing, seed), square()), 45.0);
  }
}

TEST(Augment, WhiteStaysWhiteAndTheSubjectStaysInTheMiddle) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Image out = augment(square(), {}, seed);
    ASSERT_EQ(out.size(), (Size{64, 64}));
    double sum_y = 0, sum_x = 0, weight = 0;
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) {
        for (int c = 0; c < 3; ++c) ASSERT_TRUE(out.at(y, x, c) >= 0 && out.at(y, x, c) <= 1);
        const double dark = 1 - double(out.at(y, x, 1));
        sum_y += dark * y;
        sum_x += dark * x;
        weight += dark;
      }
    }
    for (const auto& [y, x] : {std::pair(0, 0), std::pair(0, 63), std::pair(63, 0)}) {
      for (int c = 0; c < 3; ++c) ASSERT_NEAR(out.at(y, x, c), 1.0f, 1e-3f);
    }
    ASSERT_NEAR(sum_y / weight, 31.5, 0.03 * 64 + 0.2) << seed;
    ASSERT_NEAR(sum_x / weight, 31.5, 0.03 * 64 + 0.2) << seed;
  }
}

TEST(Augment, TheRangesAreUsed) {
  AugmentOptions shift = kNothing;
  shift.max_shift = 0.25f;
  double smallest = 64, largest = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Image out = augment(square(), shift, seed);
    double sum = 0, weight = 0;
    for (int x = 0; x < 64; ++x) {
      for (int y = 0; y < 64; ++y) {
        sum += (1 - double(out.at(y, x, 1))) * x;
        weight += 1 - double(out.at(y, x, 1));
      }
    }
    smallest = std::min(smallest, sum / weight);
    largest = std::max(largest, sum / weight);
  }
  EXPECT_NEAR(smallest, 31.5 - 16, 1.5);
  EXPECT_NEAR(largest, 31.5 + 16, 1.5);
}

TEST(Augment, OneRangeDoesNotChangeAnothersDraw) {
  AugmentOptions shift = kNothing;
  shift.max_shift = 0.1f;
  AugmentOptions both = shift;
  both.max_gamma = 1.0001f;
  EXPECT_GT(psnr(augment(square(), shift, 3), augment(square(), both, 3)), 60.0);
}

TEST(Augment, BadOptionsAreRefused) {
  AugmentOptions bad;
  bad.max_shift = -0.1f;
  EXPECT_THROW(augment(square(), bad, 0), std::invalid_argument);
  bad = {};
  bad.min_scale = 1.2f;
  EXPECT_THROW(augment(square(), bad, 0), std::invalid_argument);
  bad = {};
  bad.max_gamma = std::nanf("");
  EXPECT_THROW(augment(square(), bad, 0), std::invalid_argument);
  EXPECT_THROW(augment(Image(), {}, 0), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
