#include "vision/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

namespace lacuna::vision {

namespace {

std::uint8_t mixed(std::uint8_t over, std::uint8_t under, unsigned weight) {
  return std::uint8_t((over * weight + under * (255u - weight) + 127u) / 255u);
}

void check_range(float value, float low, float high, const char* field) {
  if (!(value >= low && value <= high)) {
    throw std::invalid_argument(std::string("[ColourChange] expected ") + field + " in [" +
                                std::to_string(low) + ", " + std::to_string(high) + "], got " +
                                std::to_string(value));
  }
}

}  // namespace

Image8 without_alpha(const Image8& image) {
  if (!image.has_alpha()) return image;
  Image8 out(image.size(), 3);
  const auto from = image.bytes();
  const auto to = out.bytes();
  for (std::size_t i = 0, j = 0; i < from.size(); i += 4, j += 3) {
    for (std::size_t c = 0; c < 3; ++c) to[j + c] = from[i + c];
  }
  return out;
}

Image8 on_ground(const Image8& image, Rgb8 ground) {
  if (!image.has_alpha()) return image;
  Image8 out(image.size(), 3);
  const auto from = image.bytes();
  const auto to = out.bytes();
  for (std::size_t i = 0, j = 0; i < from.size(); i += 4, j += 3) {
    to[j] = mixed(from[i], ground.r, from[i + 3]);
    to[j + 1] = mixed(from[i + 1], ground.g, from[i + 3]);
    to[j + 2] = mixed(from[i + 2], ground.b, from[i + 3]);
  }
  return out;
}

Image8 recolour(const Image8& ink_mask, Rgb8 ink, Rgb8 ground) {
  Image8 out(ink_mask.size(), 3);
  for (int y = 0; y < out.height(); ++y) {
    for (int x = 0; x < out.width(); ++x) {
      const std::uint8_t* from = ink_mask.pixel(y, x);
      const unsigned weight = luminance(from[0], from[1], from[2]);
      std::uint8_t* to = out.pixel(y, x);
      to[0] = mixed(ink.r, ground.r, weight);
      to[1] = mixed(ink.g, ground.g, weight);
      to[2] = mixed(ink.b, ground.b, weight);
    }
  }
  return out;
}

void ColourChange::validate() const {
  check_range(gamma, 0.1f, 10.0f, "gamma");
  check_range(saturation, 0.0f, 4.0f, "saturation");
  check_range(hue_degrees, -180.0f, 180.0f, "hue_degrees");
}

Image change_colours(const Image& image, const ColourChange& change) {
  change.validate();
  const float angle = change.hue_degrees * std::numbers::pi_v<float> / 180.0f;
  const float cosine = std::cos(angle) * change.saturation;
  const float sine = std::sin(angle) * change.saturation;
  Image out = image;
  const auto pixels = out.pixels();
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    const float r = pixels[i];
    const float g = pixels[i + 1];
    const float b = pixels[i + 2];
    // NTSC's YIQ; both colour axes are zero for greys.
    const float y = 0.299f * r + 0.587f * g + 0.114f * b;
    const float in_phase = 0.596f * (r - y) - 0.274f * (g - y) - 0.322f * (b - y);
    const float quadrature = 0.211f * (r - y) - 0.523f * (g - y) + 0.312f * (b - y);
    const float turned_i = in_phase * cosine - quadrature * sine;
    const float turned_q = in_phase * sine + quadrature * cosine;
    const std::array<float, 3> turned = {y + 0.956f * turned_i + 0.621f * turned_q,
                                         y - 0.272f * turned_i - 0.647f * turned_q,
                                         y - 1.106f * turned_i + 1.703f * turned_q};
    for (std::size_t c = 0; c < 3; ++c) {
      const float value = std::clamp(turned[c], 0.0f, 1.0f);
      pixels[i + c] = change.gamma == 1.0f ? value : std::pow(value, change.gamma);
    }
  }
  return out;
}

}  // namespace lacuna::vision
