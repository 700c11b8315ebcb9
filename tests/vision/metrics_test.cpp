#include "vision/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace lacuna::vision {
namespace {

Image noise(Size size, std::uint32_t seed) {
  std::mt19937 engine(seed);
  Image out(size);
  for (float& value : out.pixels()) value = float(engine() >> 8) * 0x1p-24f;
  return out;
}

TEST(Metrics, PsnrOfAKnownError) {
  EXPECT_NEAR(psnr(Image(Size{3, 3}, 0.5f), Image(Size{3, 3}, 0.6f)), 20.0, 1e-4);
  EXPECT_NEAR(psnr(Image(Size{3, 3}, 0.0f), Image(Size{3, 3}, 1.0f)), 0.0, 1e-9);
  EXPECT_TRUE(std::isinf(psnr(Image(Size{3, 3}, 0.5f), Image(Size{3, 3}, 0.5f))));
}

TEST(Metrics, PsnrFallsAsNoiseGrows) {
  const Image image = noise({32, 32}, 1);
  const Image other = noise({32, 32}, 2);
  double last = std::numeric_limits<double>::infinity();
  for (const float part : {0.01f, 0.05f, 0.2f, 1.0f}) {
    Image mixed = image;
    for (std::size_t i = 0; i < mixed.pixels().size(); ++i) {
      mixed.pixels()[i] += part * (other.pixels()[i] - mixed.pixels()[i]);
    }
    EXPECT_LT(psnr(image, mixed), last);
    last = psnr(image, mixed);
  }
}

/// Equation 13 written out with the two-dimensional window, place by place.
double plain_ssim(const Image& a, const Image& b) {
  const auto luma = [](const Image& image, int y, int x) {
    return 0.299 * double(image.at(y, x, 0)) + 0.587 * double(image.at(y, x, 1)) +
           0.114 * double(image.at(y, x, 2));
  };
  std::vector<double> window;
  double total = 0;
  for (int i = -5; i <= 5; ++i) {
    for (int j = -5; j <= 5; ++j) {
      window.push_back(std::exp(-(i * i + j * j) / (2 * 1.5 * 1.5)));
      total += window.back();
    }
  }
  double sum = 0;
  int places = 0;
  for (int y = 5; y + 5 < a.height(); ++y) {
    for (int x = 5; x + 5 < a.width(); ++x, ++places) {
      double ma = 0, mb = 0, va = 0, vb = 0, cov = 0;
      for (int pass = 0; pass < 2; ++pass) {
        std::size_t k = 0;
        for (int i = -5; i <= 5; ++i) {
          for (int j = -5; j <= 5; ++j, ++k) {
            const double w = window[k] / total;
            const double pa = luma(a, y + i, x + j);
            const double pb = luma(b, y + i, x + j);
            if (pass == 0) {
              ma += w * pa;
              mb += w * pb;
            } else {
              va += w * (pa - ma) * (pa - ma);
              vb += w * (pb - mb) * (pb - mb);
              cov += w * (pa - ma) * (pb - mb);
            }
          }
        }
      }
      sum +=
          (2 * ma * mb + 1e-4) * (2 * cov + 9e-4) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4));
    }
  }
  return sum / places;
}

TEST(Metrics, SsimAgreesWithTheEquationWrittenOut) {
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    const Size size{11 + int(seed) * 3, 33 - int(seed) * 4};
    const Image a = noise(size, seed);
    Image b = noise(size, seed + 100);
    for (std::size_t i = 0; i < b.pixels().size(); ++i) {
      b.pixels()[i] = 0.7f * a.pixels()[i] + 0.3f * b.pixels()[i];
    }
    EXPECT_NEAR(ssim(a, b), plain_ssim(a, b), 1e-9);
    EXPECT_NEAR(ssim(a, b), ssim(b, a), 1e-12);
  }
}

TEST(Metrics, SsimOfEqualPicturesIsOne) {
  const Image image = noise({20, 20}, 3);
  EXPECT_NEAR(ssim(image, image), 1.0, 1e-9);
  EXPECT_LT(ssim(image, noise({20, 20}, 4)), 0.2);
  // Two plain greys: only the luminance term is left.
  EXPECT_NEAR(ssim(Image(Size{11, 11}, 0.2f), Image(Size{11, 11}, 0.8f)),
              (2 * 0.16 + 1e-4) / (0.04 + 0.64 + 1e-4), 1e-5);
}

TEST(Metrics, MeanAbsoluteErrorCountsOnlyTheMask) {
  const Image a(Size{2, 2}, 0.0f);
  Image b(Size{2, 2}, 0.0f);
  for (int c = 0; c < 3; ++c) b.at(0, 1, c) = 0.5f;
  b.at(1, 0, 0) = 0.9f;
  PixelMask mask(Size{2, 2});
  mask.at(0, 1) = 1;
  EXPECT_NEAR(mean_absolute_error(a, b, mask), 0.5, 1e-7);
  mask.at(0, 0) = 1;
  EXPECT_NEAR(mean_absolute_error(a, b, mask), 0.25, 1e-7);
}

TEST(Metrics, BadInputIsRefused) {
  const Image image(Size{12, 12});
  EXPECT_THROW(psnr(image, Image(Size{12, 11})), std::invalid_argument);
  EXPECT_THROW(psnr(Image(), Image()), std::invalid_argument);
  EXPECT_THROW(ssim(Image(Size{10, 40}), Image(Size{10, 40})), std::invalid_argument);
  EXPECT_THROW(mean_absolute_error(image, image, PixelMask(Size{12, 12})), std::invalid_argument);
  EXPECT_THROW(mean_absolute_error(image, image, PixelMask(Size{11, 12}, 1)),
               std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
