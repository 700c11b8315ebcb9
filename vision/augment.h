#pragma once

#include <cstdint>

#include "vision/image.h"
#include "vision/tiling.h"

namespace lacuna::vision {

/// How far training pictures are varied. Each range is drawn from evenly; a range of width 0 leaves
/// that property alone. There is no mirroring: letters, flags and "left of" would be wrong.
struct AugmentOptions {
  float max_shift = 0.03f;    ///< part of the side, in both directions; in [0, 0.5]
  float min_scale = 0.94f;    ///< in [0.25, max_scale]
  float max_scale = 1.0f;     ///< in [min_scale, 4]
  float max_rotation = 3.0f;  ///< degrees, in both directions; in [0, 45]
  float max_gamma = 1.1f;  ///< brightness: value^g with g in [1 / max_gamma, max_gamma]; in [1, 4]
  float max_saturation = 0.1f;  ///< saturation in [1 - this, 1 + this]; in [0, 1]
  float max_hue = 4.0f;         ///< degrees, in both directions; in [0, 180]
  Rgb8 background = {};         ///< what comes in at the edges

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// A varied copy of the same size: turned and scaled about its middle, shifted, its colours changed
/// (white and black stay). Equal picture, options and seed give an equal result.
/// Throws std::invalid_argument on an empty picture or bad options.
Image augment(const Image& image, const AugmentOptions& options, std::uint64_t seed);

}  // namespace lacuna::vision
