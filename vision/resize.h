#pragma once

#include "vision/code_grid.h"
#include "vision/image.h"
#include "vision/tiling.h"

namespace lacuna::vision {

/// A rectangle of pixels.
struct Area {
  int top = 0;
  int left = 0;
  int height = 0;
  int width = 0;
  Size size() const { return {height, width}; }
  bool operator==(const Area&) const = default;
};

/// What to do with a picture whose shape is not the model's.
enum class Aspect {
  pad,      ///< all of it, centred on a background
  crop,     ///< the largest centred part that has the target's shape
  stretch,  ///< all of it, out of proportion
};

/// Which part of a source picture lies where in a target picture.
struct Letterbox {
  Size source;
  Size target;
  Area source_area;  ///< what is shown of the source
  Area target_area;  ///< where it is shown in the target
  bool operator==(const Letterbox&) const = default;
};

/// Throws std::invalid_argument where a side is below 1.
Letterbox letterbox(Size source, Size target, Aspect aspect = Aspect::pad);

/// Resampled to `size`, out of proportion where the shapes differ. Each axis that shrinks is
/// averaged over its area, each one that grows is interpolated bicubically; values stay in [0, 1].
/// A picture of that size already is returned unchanged.
/// Throws std::invalid_argument where a side is below 1.
Image resize(const Image& image, Size size);
Image8 resize(const Image8& image, Size size);

/// The picture placed as `box` says; what it does not cover is `background`. Alpha is composed on
/// the background. Throws std::invalid_argument where the picture is not of the box's source size.
Image fit(const Image& image, const Letterbox& box, Rgb8 background = {});
Image fit(const Image8& image, const Letterbox& box, Rgb8 background = {});

/// The mask placed as `box` says: a target pixel is set when any source pixel that it shows, even
/// in part, is set; what the source does not cover is not set. Throws as `fit`.
PixelMask fit(const PixelMask& mask, const Letterbox& box);

/// The way back: the shown part of `generated` (of the target size), resampled to where it came
/// from in `original` (of the source size; alpha dropped). Throws as `fit`.
Image8 map_back(const Image& generated, const Letterbox& box, const Image8& original);

}  // namespace lacuna::vision
