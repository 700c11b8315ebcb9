#include "runtime/preparation/palette.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/preparation/fixture.h"

namespace lacuna::preparation {
namespace {

vision::Image8 expanded(const PalettePicture& picture, vision::Size size) {
  vision::Image8 out(size, 3);
  for (std::size_t i = 0; i < picture.indices.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      out.bytes()[3 * i + c] = picture.palette.at(3 * std::size_t(picture.indices[i]) + c);
    }
  }
  return out;
}

double mean_square(const vision::Image8& a, const vision::Image8& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.bytes().size(); ++i) {
    const double d = double(a.bytes()[i]) - b.bytes()[i];
    sum += d * d;
  }
  return sum / double(a.bytes().size());
}

TEST(Palette, ExactForFewColours) {
  std::mt19937 random(1);
  for (const int colors : {2, 5, 64, 256}) {
    std::vector<std::array<std::uint8_t, 3>> all(static_cast<std::size_t>(colors));
    for (auto& c : all) {
      for (auto& v : c) v = std::uint8_t(random());
    }
    vision::Image8 picture({31, 33}, 3);
    for (int y = 0; y < 31; ++y) {
      for (int x = 0; x < 33; ++x) {
        const auto& c = all[random() % all.size()];
        std::copy(c.begin(), c.end(), picture.pixel(y, x));
      }
    }
    const PalettePicture reduced = reduce_colors(picture, colors);
    EXPECT_EQ(reduced.palette.size(), std::size_t(colors) * 3);
    EXPECT_EQ(expanded(reduced, picture.size()), picture);
  }
}

TEST(Palette, CloseForManyColoursAndWhiteStaysWhite) {
  const vision::Image8 picture = gradient({64, 64}, 3);
  double before = 1e9;
  for (const int colors : {2, 8, 64, 256}) {
    const PalettePicture reduced = reduce_colors(picture, colors);
    for (const std::uint8_t index : reduced.indices) ASSERT_LT(int(index), colors);
    const vision::Image8 out = expanded(reduced, picture.size());
    const double error = mean_square(out, picture);
    EXPECT_LT(error, before);
    before = error;
    EXPECT_EQ(out.pixel(0, 0)[0], 255);
    EXPECT_EQ(out.pixel(63, 63)[2], 255);
    EXPECT_EQ(reduced.indices[0], 0);  // white is the lightest
  }
  // A uniform grid of the same number of colours has cells of about 16 levels, 16^2 / 12 = 21 in
  // two of three channels.
  EXPECT_LT(before, 21.0 * 2 / 3);
}

TEST(Palette, OneColourAndBadArguments) {
  const vision::Image8 plain({5, 3}, 3, 7);
  EXPECT_EQ(expanded(reduce_colors(plain, 2), plain.size()), plain);
  EXPECT_THROW(reduce_colors(plain, 1), std::invalid_argument);
  EXPECT_THROW(reduce_colors(plain, 257), std::invalid_argument);
  EXPECT_THROW(reduce_colors(vision::Image8({2, 2}, 4), 16), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::preparation
