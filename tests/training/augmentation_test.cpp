#include "fusion/training/augmentation.h"

#include <gtest/gtest.h>

#include "fusion/training/initial_weights.h"
#include "fusion/training/pixel_set.h"

namespace lacuna::training {
namespace {

at::Tensor pictures(std::int64_t count, std::int64_t side) {
  return initial_uniform(3, "pictures", {count, 3, side, side}, 1.0);
}

TEST(Augmentation, ANegativeKeyLeavesThePictureAlone) {
  const at::Tensor x = pictures(3, 17);
  const std::int64_t keys[] = {-1, 5, -1};
  const at::Tensor y = augment(x, 1, keys, {0.2, 0.2, 20, 0.3, 1.0});
  EXPECT_LT(at::max(at::abs(y[0] - x[0])).item<double>(), 1e-5);
  EXPECT_LT(at::max(at::abs(y[2] - x[2])).item<double>(), 1e-5);
  EXPECT_GT(at::max(at::abs(y[1] - x[1])).item<double>(), 0.1);
  // Bytes come back exactly.
  EXPECT_TRUE(at::equal(real_to_pixels(pixels_to_real(real_to_pixels(x))), real_to_pixels(x)));
}

TEST(Augmentation, DependsOnTheKeyAloneAndStaysInRange) {
  const at::Tensor x = at::cat({pictures(1, 16), pictures(1, 16)});
  const std::int64_t both[] = {7, 7}, one[] = {7}, other[] = {8};
  const AugmentOptions options{0.1, 0.1, 10, 0.2, 0.5};
  const at::Tensor y = augment(x, 1, both, options);
  EXPECT_TRUE(at::equal(y[0], y[1]));
  EXPECT_TRUE(at::equal(augment(x.narrow(0, 0, 1), 1, one, options)[0], y[0]));
  EXPECT_FALSE(at::equal(augment(x.narrow(0, 0, 1), 1, other, options)[0], y[0]));
  EXPECT_FALSE(at::equal(augment(x.narrow(0, 0, 1), 2, one, options)[0], y[0]));
  EXPECT_LE(at::max(at::abs(y)).item<double>(), 1.0);
}

TEST(Augmentation, WhiteStaysWhiteAndGreyStaysGrey) {
  std::vector<std::int64_t> keys;
  for (std::int64_t i = 0; i < 20; ++i) keys.push_back(i);
  const at::Tensor white = at::ones({20, 3, 9, 9});
  EXPECT_LT(at::max(at::abs(augment(white, 1, keys, {0.5, 0.5, 180, 0.9, 1.0}) - 1)).item<double>(), 1e-5);
  const at::Tensor grey = augment(at::full({20, 3, 9, 9}, 0.2), 1, keys, {0, 0, 0, 0, 1.0});
  EXPECT_LT(at::max(at::abs(grey - 0.2)).item<double>(), 1e-5);
}

TEST(Augmentation, MirrorsAsOftenAsAsked) {
  std::vector<std::int64_t> keys;
  for (std::int64_t i = 0; i < 400; ++i) keys.push_back(i);
  at::Tensor left = at::ones({400, 3, 8, 8});
  left.narrow(3, 0, 4).fill_(-1);
  for (const double probability : {0.0, 0.25, 1.0}) {
    const at::Tensor y = augment(left, 1, keys, {0, 0, 0, 0, 0, probability});
    const double mirrored = at::mean((y.select(1, 0).select(1, 4).select(1, 1) > 0).to(at::kFloat)).item<double>();
    EXPECT_NEAR(mirrored, probability, 0.07);
    EXPECT_TRUE(at::equal(at::abs(y), at::abs(left)));
  }
}

TEST(Augmentation, MovesByAtMostWhatWasAsked) {
  std::vector<std::int64_t> keys;
  for (std::int64_t i = 0; i < 50; ++i) keys.push_back(i);
  at::Tensor dots = at::ones({50, 3, 40, 40});
  dots.narrow(2, 19, 2).narrow(3, 19, 2).fill_(-1);
  const at::Tensor moved = augment(dots, 1, keys, {0.1, 0, 0, 0, 0});
  bool moves = false;
  for (std::int64_t i = 0; i < 50; ++i) {
    const at::Tensor ink = 1 - moved[i][0];
    const at::Tensor axis = at::arange(40, at::TensorOptions().dtype(at::kFloat)) - 19.5;
    const double total = at::sum(ink).item<double>();
    const double x = at::sum(at::sum(ink, {0}) * axis).item<double>() / total;
    const double y = at::sum(at::sum(ink, {1}) * axis).item<double>() / total;
    EXPECT_LE(std::abs(x), 4.01);
    EXPECT_LE(std::abs(y), 4.01);
    moves |= std::abs(x) > 2;
  }
  EXPECT_TRUE(moves);
}

}  // namespace
}  // namespace lacuna::training
