#include "fusion/training/augmentation.h"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "fusion/training/random.h"

namespace lacuna::training {
namespace {

/// Turns colours by `angle` about the axis of greys, scaled by `contrast` about white.
std::array<float, 9> colour_matrix(double angle, double contrast) {
  const double c = std::cos(angle), s = std::sin(angle) / std::sqrt(3.0), a = (1 - c) / 3;
  const double d = c + a, p = a - s, m = a + s;
  const double rows[9] = {d, p, m, m, d, p, p, m, d};
  std::array<float, 9> out{};
  for (int i = 0; i < 9; ++i) out[std::size_t(i)] = float(rows[i] * contrast);
  return out;
}

}  // namespace

void AugmentOptions::describe(OptionTable& table) {
  table.section("augment");
  table.add("augment-shift", shift, {0, 1}, "largest shift, a part of the side");
  table.add("augment-scale", scale, {0, 0.9}, "largest change of size, a part");
  table.add("augment-rotation", rotation, {0, 180}, "largest turn, degrees");
  table.add("augment-contrast", contrast, {0, 1}, "largest change of the distance from white, a part");
  table.add("augment-hue-prob", hue_probability, {0, 1}, "probability of turning all hues");
  table.add("augment-mirror-prob", mirror_probability, {0, 1}, "probability of exchanging left and right");
}

at::Tensor augment(const at::Tensor& pixels, std::uint64_t seed, std::span<const std::int64_t> keys,
                   const AugmentOptions& o) {
  std::vector<float> places, colours;
  const auto symmetric = [](double u, double bound) { return bound * (2 * u - 1); };
  for (const std::int64_t key : keys) {
    if (key < 0) {
      places.insert(places.end(), {1, 0, 0, 0, 1, 0});
      const auto same = colour_matrix(0, 1);
      colours.insert(colours.end(), same.begin(), same.end());
      continue;
    }
    const auto draw = [&](std::uint32_t slot) { return uniform_pair(seed, Purpose::augmentation, std::uint64_t(key), slot); };
    const UniformPair shift = draw(0), form = draw(1), colour = draw(2), hue = draw(3);
    const double zoom = 1 / (1 + symmetric(form.first, o.scale));
    const double angle = symmetric(form.second, o.rotation) * std::numbers::pi / 180;
    const double c = std::cos(angle) * zoom, s = std::sin(angle) * zoom;
    // Coordinates run over [-1, 1], so a shift by a part of the side is twice that.
    const double side = draw(4).first < o.mirror_probability ? -1 : 1;
    places.insert(places.end(), {float(side * c), float(-s), float(symmetric(shift.first, 2 * o.shift)),
                                 float(side * s), float(c), float(symmetric(shift.second, 2 * o.shift))});
    const double turn = hue.first < o.hue_probability ? 2 * std::numbers::pi * hue.second : 0;
    const auto matrix = colour_matrix(turn, 1 + symmetric(colour.first, o.contrast));
    colours.insert(colours.end(), matrix.begin(), matrix.end());
  }
  const std::int64_t batch = pixels.size(0);
  const at::Tensor theta = to_torch(places, pixels.device()).view({batch, 2, 3});
  const at::Tensor grid = at::affine_grid_generator(theta, pixels.sizes(), false);
  // White is where the distance from white is 0, which is also what lies outside.
  const at::Tensor moved = at::grid_sampler_2d(pixels - 1.0, grid, 0, 0, false);
  // Elementwise, because a matrix product may round its inputs (TF32) and a picture left alone must stay exact.
  const at::Tensor matrices = to_torch(colours, pixels.device()).view({batch, 3, 3, 1, 1});
  at::Tensor coloured = matrices.select(2, 0) * moved.narrow(1, 0, 1);
  for (std::int64_t c = 1; c < 3; ++c) coloured = at::addcmul(coloured, matrices.select(2, c), moved.narrow(1, c, 1));
  return (coloured + 1.0).clamp(-1.0, 1.0);
}

}  // namespace lacuna::training
