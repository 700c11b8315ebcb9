#include "vision/region_mask.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;

TEST(RegionMask, WhiteIsRepaintedWithoutAlpha) {
  const Image8 picture({1, 4}, 3, {0, 0, 0, 127, 127, 127, 128, 128, 128, 255, 255, 255});
  const RegionMask mask = region_mask(picture);
  EXPECT_EQ(mask.channel, MaskChannel::luminance);
  EXPECT_EQ(mask.pixels, PixelMask(Size{1, 4}, {0, 0, 1, 1}));
  EXPECT_EQ(mask.masked_percent(), 50.0);
}

TEST(RegionMask, TransparentIsRepaintedWhereAlphaVaries) {
  // The colours say the opposite: alpha wins.
  const Image8 picture({1, 3}, 4, {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 128});
  const RegionMask mask = region_mask(picture);
  EXPECT_EQ(mask.channel, MaskChannel::alpha);
  EXPECT_EQ(mask.pixels, PixelMask(Size{1, 3}, {1, 0, 0}));
}

TEST(RegionMask, ConstantAlphaIsNoMask) {
  for (const std::uint8_t alpha : {0, 255}) {
    const Image8 picture({1, 2}, 4, {0, 0, 0, alpha, 255, 255, 255, alpha});
    const RegionMask mask = region_mask(picture);
    EXPECT_EQ(mask.channel, MaskChannel::luminance);
    EXPECT_EQ(mask.pixels, PixelMask(Size{1, 2}, {0, 1}));
  }
}

TEST(RegionMask, InvertTurnsEveryPixel) {
  for (const int channels : {3, 4}) {
    const Image8 picture = random_picture({17, 9}, channels, 4);
    const RegionMask mask = region_mask(picture);
    const RegionMask inverted = region_mask(picture, {.invert = true});
    EXPECT_EQ(mask.masked + inverted.masked, mask.pixels.count());
    for (std::size_t i = 0; i < mask.pixels.count(); ++i) {
      EXPECT_NE(mask.pixels.cells()[i], inverted.pixels.cells()[i]);
    }
    EXPECT_EQ(count_set(mask.pixels), mask.masked);
  }
}

TEST(RegionMask, EmptyAndFullAreReported) {
  const RegionMask empty = region_mask(Image8({4, 4}, 3, 0));
  EXPECT_TRUE(empty.nothing_masked());
  EXPECT_FALSE(empty.all_masked());
  EXPECT_EQ(empty.masked_percent(), 0.0);
  const RegionMask full = region_mask(Image8({4, 4}, 3, 255));
  EXPECT_TRUE(full.all_masked());
  EXPECT_EQ(full.masked_percent(), 100.0);
}

TEST(RegionMask, AnotherSizeIsRefusedNamingBoth) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("lacuna_mask_" + std::to_string(::getpid()) + ".png");
  write_image(path, Image8({10, 20}, 3, 255));
  EXPECT_TRUE(read_region_mask(path, {10, 20}).all_masked());
  std::string reason;
  EXPECT_EQ(kind_of(
                [&] {
                  read_region_mask(path, {64, 48});
                },
                &reason),
            ImageError::Kind::mismatch);
  EXPECT_NE(reason.find("20x10"), std::string::npos) << reason;
  EXPECT_NE(reason.find("48x64"), std::string::npos) << reason;
  std::filesystem::remove(path);
}

TEST(CodeMask, AnyMaskedPixelMasksItsCode) {
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 24; ++x) {
      PixelMask pixels(Size{16, 24});
      pixels.at(y, x) = 1;
      const CodeMask codes = code_mask(pixels, {2, 3});
      EXPECT_EQ(count_set(codes), 1u);
      EXPECT_EQ(codes.at(y / 8, x / 8), 1);
    }
  }
}

TEST(CodeMask, CoverageIsAThreshold) {
  PixelMask pixels(Size{4, 8});
  for (int y = 0; y < 4; ++y) pixels.at(y, 0) = pixels.at(y, 1) = 1;  // half of the left cell
  pixels.at(0, 4) = 1;                                                // 1/16 of the right one
  const auto masked = [&](double coverage) {
    const CodeMask codes = code_mask(pixels, {1, 2}, {.min_coverage = coverage});
    return std::pair(int(codes.at(0, 0)), int(codes.at(0, 1)));
  };
  EXPECT_EQ(masked(0.0), std::pair(1, 1));
  EXPECT_EQ(masked(0.0625), std::pair(1, 1));
  EXPECT_EQ(masked(0.07), std::pair(1, 0));
  EXPECT_EQ(masked(0.5), std::pair(1, 0));
  EXPECT_EQ(masked(0.51), std::pair(0, 0));
  EXPECT_THROW(masked(1.1), std::invalid_argument);
  EXPECT_THROW(masked(-0.1), std::invalid_argument);
  EXPECT_THROW(masked(std::nan("")), std::invalid_argument);
  EXPECT_EQ(count_set(code_mask(PixelMask(Size{4, 8}), {1, 2}, {.min_coverage = 0.0})), 0u);
  EXPECT_EQ(count_set(code_mask(PixelMask(Size{4, 8}, 1), {1, 2}, {.min_coverage = 1.0})), 2u);
}

TEST(CodeMask, ThePixelsOfTheCodesCoverTheMask) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const PixelMask pixels = random_mask({32, 48}, 0.02, seed);
    const CodeMask codes = code_mask(pixels, {4, 6});
    const PixelMask covered = pixel_mask(codes, pixels.size());
    for (std::size_t i = 0; i < pixels.count(); ++i) {
      ASSERT_LE(pixels.cells()[i], covered.cells()[i]);
    }
    EXPECT_EQ(code_mask(covered, {4, 6}), codes);
  }
}

TEST(CodeMask, SidesHaveToBeMultiples) {
  EXPECT_THROW(code_mask(PixelMask(Size{10, 16}), {4, 4}), std::invalid_argument);
  EXPECT_THROW(code_mask(PixelMask(Size{16, 16}), {0, 4}), std::invalid_argument);
  EXPECT_THROW(pixel_mask(CodeMask(Size{3, 3}), {16, 16}), std::invalid_argument);
}

TEST(Extend, MarginsAreWhiteAndMasked) {
  const Image8 picture = random_picture({5, 7}, 4, 1);
  const ExtendedPicture out = extend(picture, {.left = 1, .top = 2, .right = 3, .bottom = 4});
  EXPECT_EQ(out.picture.size(), (Size{11, 11}));
  for (int y = 0; y < 11; ++y) {
    for (int x = 0; x < 11; ++x) {
      const bool inside = y >= 2 && y < 7 && x >= 1 && x < 8;
      EXPECT_EQ(out.mask.at(y, x), inside ? 0 : 1);
      for (int c = 0; c < 4; ++c) {
        EXPECT_EQ(out.picture.pixel(y, x)[c], inside ? picture.pixel(y - 2, x - 1)[c] : 255);
      }
    }
  }
  EXPECT_EQ(extend(picture, {}).picture, picture);
  EXPECT_THROW(extend(picture, {.left = -1}), std::invalid_argument);
  EXPECT_THROW(extend(picture, {.left = 1 << 30, .top = 1 << 30}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
