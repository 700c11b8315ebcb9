#include "vision/released_mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lacuna::vision {
namespace {

constexpr float kA = -0.75f;  // of Keys' cubic kernel, as in PyTorch's interpolation

/// Weights of the four neighbours of a point at `t` in [0, 1) behind the second of them.
std::array<float, 4> cubic_weights(float t) {
  const auto near = [](float x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; };
  const auto far = [](float x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

/// Where cell `i` of `cells` is sampled along an axis of `pixels`.
struct Sample {
  std::array<std::size_t, 4> at;
  std::array<float, 4> weight;
};

Sample sample_at(int i, int cells, int pixels) {
  const float centre = (float(i) + 0.5f) * float(pixels) / float(cells) - 0.5f;
  const float first = std::floor(centre);
  Sample sample{{}, cubic_weights(centre - first)};
  for (int k = 0; k < 4; ++k) sample.at[std::size_t(k)] = std::size_t(std::clamp(int(first) - 1 + k, 0, pixels - 1));
  return sample;
}

}  // namespace

std::vector<float> sample_bicubic(std::span<const float> pixels, Size size, Size grid) {
  if (size.height < 1 || size.width < 1 || grid.height < 1 || grid.width < 1 ||
      pixels.size() != std::size_t(size.height) * std::size_t(size.width)) {
    throw std::invalid_argument("[released_mask] expected a mask of " + to_string(size) + " pixels and a grid, got " +
                                std::to_string(pixels.size()) + " and " + to_string(grid));
  }
  std::vector<float> values;
  for (int y = 0; y < grid.height; ++y) {
    const Sample rows = sample_at(y, grid.height, size.height);
    for (int x = 0; x < grid.width; ++x) {
      const Sample columns = sample_at(x, grid.width, size.width);
      float value = 0;
      for (std::size_t j = 0; j < 4; ++j) {
        float row = 0;
        for (std::size_t k = 0; k < 4; ++k) {
          row += columns.weight[k] * pixels[rows.at[j] * std::size_t(size.width) + columns.at[k]];
        }
        value += rows.weight[j] * row;
      }
      values.push_back(value);
    }
  }
  return values;
}

CodeMask released_code_mask(std::span<const float> pixels, Size size, Size grid) {
  CodeMask mask(grid);
  const std::vector<float> values = sample_bicubic(pixels, size, grid);
  for (std::size_t i = 0; i < values.size(); ++i) mask.cells()[i] = values[i] >= 0.5f ? 1 : 0;
  return mask;
}

}  // namespace lacuna::vision
