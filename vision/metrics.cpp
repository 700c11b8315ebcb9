#include "vision/metrics.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace lacuna::vision {

namespace {

void check_same_size(const Image& a, const Image& b, const char* function) {
  if (a.empty() || a.size() != b.size()) {
    throw std::invalid_argument(std::string("[") + function +
                                "] expected two pictures of one size, got " + to_string(a.size()) +
                                " and " + to_string(b.size()));
  }
}

/// One value a pixel, in double precision.
struct Plane {
  Size size;
  std::vector<double> values;
};

Plane luminance_plane(const Image& image) {
  Plane plane{image.size(), {}};
  const auto pixels = image.pixels();
  plane.values.reserve(pixels.size() / 3);
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    plane.values.push_back(0.299 * double(pixels[i]) + 0.587 * double(pixels[i + 1]) +
                           0.114 * double(pixels[i + 2]));
  }
  return plane;
}

Plane product(const Plane& a, const Plane& b) {
  Plane out{a.size, a.values};
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] *= b.values[i];
  return out;
}

constexpr int kWindow = 11;

std::array<double, kWindow> gaussian_window() {
  constexpr double kSigma = 1.5;
  std::array<double, kWindow> window{};
  double sum = 0;
  for (int i = 0; i < kWindow; ++i) {
    const int distance = i - kWindow / 2;
    window[std::size_t(i)] = std::exp(-double(distance * distance) / (2 * kSigma * kSigma));
    sum += window[std::size_t(i)];
  }
  for (double& weight : window) weight /= sum;
  return window;
}

/// The weighted mean around each place where the whole window fits: both sides shrink by 10.
Plane local_mean(const Plane& in, const std::array<double, kWindow>& window) {
  const int width = in.size.width - kWindow + 1;
  const int height = in.size.height - kWindow + 1;
  std::vector<double> rows(std::size_t(in.size.height) * std::size_t(width), 0.0);
  for (int y = 0; y < in.size.height; ++y) {
    const double* from = in.values.data() + std::size_t(y) * std::size_t(in.size.width);
    double* to = rows.data() + std::size_t(y) * std::size_t(width);
    for (int x = 0; x < width; ++x) {
      for (int k = 0; k < kWindow; ++k) to[x] += window[std::size_t(k)] * from[x + k];
    }
  }
  Plane out{{height, width}, std::vector<double>(std::size_t(height) * std::size_t(width), 0.0)};
  for (int y = 0; y < height; ++y) {
    double* to = out.values.data() + std::size_t(y) * std::size_t(width);
    for (int k = 0; k < kWindow; ++k) {
      const double* from = rows.data() + std::size_t(y + k) * std::size_t(width);
      for (int x = 0; x < width; ++x) to[x] += window[std::size_t(k)] * from[x];
    }
  }
  return out;
}

}  // namespace

double mean_squared_error(const Image& a, const Image& b) {
  check_same_size(a, b, "mean_squared_error");
  const auto left = a.pixels();
  const auto right = b.pixels();
  double sum = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const double difference = double(left[i]) - double(right[i]);
    sum += difference * difference;
  }
  return sum / double(left.size());
}

double psnr(const Image& a, const Image& b) {
  const double mse = mean_squared_error(a, b);
  return mse == 0 ? std::numeric_limits<double>::infinity() : -10 * std::log10(mse);
}

double ssim(const Image& a, const Image& b) {
  check_same_size(a, b, "ssim");
  if (a.height() < kWindow || a.width() < kWindow) {
    throw std::invalid_argument("[ssim] expected sides of at least 11 pixels, got " +
                                to_string(a.size()));
  }
  constexpr double kC1 = 0.01 * 0.01;
  constexpr double kC2 = 0.03 * 0.03;
  const auto window = gaussian_window();
  const Plane x = luminance_plane(a);
  const Plane y = luminance_plane(b);
  const Plane mean_x = local_mean(x, window);
  const Plane mean_y = local_mean(y, window);
  const Plane mean_xx = local_mean(product(x, x), window);
  const Plane mean_yy = local_mean(product(y, y), window);
  const Plane mean_xy = local_mean(product(x, y), window);
  double sum = 0;
  for (std::size_t i = 0; i < mean_x.values.size(); ++i) {
    const double mx = mean_x.values[i];
    const double my = mean_y.values[i];
    const double variance_x = mean_xx.values[i] - mx * mx;
    const double variance_y = mean_yy.values[i] - my * my;
    const double covariance = mean_xy.values[i] - mx * my;
    sum += (2 * mx * my + kC1) * (2 * covariance + kC2) /
           ((mx * mx + my * my + kC1) * (variance_x + variance_y + kC2));
  }
  return sum / double(mean_x.values.size());
}

double mean_absolute_error(const Image& a, const Image& b, const PixelMask& mask) {
  check_same_size(a, b, "mean_absolute_error");
  if (mask.size() != a.size()) {
    throw std::invalid_argument("[mean_absolute_error] expected a mask of " + to_string(a.size()) +
                                ", got " + to_string(mask.size()));
  }
  const auto left = a.pixels();
  const auto right = b.pixels();
  const auto cells = mask.cells();
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] == 0) continue;
    for (std::size_t c = 3 * i; c < 3 * i + 3; ++c) {
      sum += std::abs(double(left[c]) - double(right[c]));
    }
    count += 3;
  }
  if (count == 0) {
    throw std::invalid_argument("[mean_absolute_error] expected a mask with at least one pixel");
  }
  return sum / double(count);
}

}  // namespace lacuna::vision
