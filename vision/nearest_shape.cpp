#include "vision/nearest_shape.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <tuple>

namespace lacuna::vision {

Size nearest_shape(Size picture, const ShapeRange& range) {
  if (picture.height < 1 || picture.width < 1 || range.patches < 1 || range.patch_side < 1 || range.longest < 1.0) {
    throw std::invalid_argument("[nearest_shape] expected a picture and a range of shapes with sides of at least 1, got " +
                                to_string(picture));
  }
  std::tuple<double, int, int> best{-1.0, 0, 0};  // nearness, width, height in pixels
  for (int width = range.patches, height = 1; width > 0;) {
    if (double(std::max(width, height)) / std::min(width, height) <= range.longest) {
      const int across = width * range.patch_side, down = height * range.patch_side;
      const double x = double(across) / picture.width, y = double(down) / picture.height;
      best = std::max(best, {std::min(x, y) / std::max(x, y), across, down});
    }
    if (std::int64_t(height + 1) * width <= range.patches) {
      ++height;
    } else {
      --width;
    }
  }
  return {std::get<2>(best), std::get<1>(best)};
}

}  // namespace lacuna::vision
