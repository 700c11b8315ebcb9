#pragma once

#include <cstdint>

#include "vision/image.h"
#include "vision/tiling.h"

namespace lacuna::vision {

/// Luminance of a colour, (77 R + 150 G + 29 B) / 256: ITU-R BT.601 in integers, exact for greys.
inline std::uint8_t luminance(std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  return std::uint8_t((77u * r + 150u * g + 29u * b) >> 8);
}

/// The three colour channels as they are; alpha is dropped, not composed.
Image8 without_alpha(const Image8& image);

/// A picture with alpha composed on one colour, rounded; one without is returned as it is.
Image8 on_ground(const Image8& image, Rgb8 ground);

/// Paints with a mask of ink (255, white, is full ink; 0, black, none; a coloured mask counts by
/// its luminance): round((ink m + ground (255 - m)) / 255). The result has 3 channels.
Image8 recolour(const Image8& ink_mask, Rgb8 ink, Rgb8 ground);

/// A change of colours that keeps black black and white white, so that a white background stays.
struct ColourChange {
  float gamma = 1.0f;        ///< value^gamma; below 1 brighter; in [0.1, 10]
  float saturation = 1.0f;   ///< 0 grey, 1 unchanged; in [0, 4]
  float hue_degrees = 0.0f;  ///< turns the colours in the YIQ plane; in [-180, 180]

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// Hue, then saturation (both leave greys alone), then gamma; values are clamped to [0, 1].
Image change_colours(const Image& image, const ColourChange& change);

}  // namespace lacuna::vision
