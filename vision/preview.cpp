#include "vision/preview.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "vision/region_mask.h"
#include "vision/resize.h"

namespace lacuna::vision {

namespace {

std::uint8_t mixed(std::uint8_t over, std::uint8_t under, float weight) {
  return std::uint8_t(float(over) * weight + float(under) * (1.0f - weight) + 0.5f);
}

/// How much of the pixel a hatch line covers: lines rise to the right, a third of the period wide.
float line_cover(int y, int x, int period) {
  const int phase = (x + y) % period;
  const float from_middle = std::abs(float(phase) + 0.5f - float(period) / 2);
  return std::clamp(float(period) / 6 - from_middle + 0.5f, 0.0f, 1.0f);
}

}  // namespace

void PreviewOptions::validate() const {
  if (min_side < 0 || min_side > 4096) {
    throw std::invalid_argument("[PreviewOptions] expected min_side in [0, 4096], got " +
                                std::to_string(min_side));
  }
}

Image8 draw_preview(const Image& decoded, const CodeMask& still_masked,
                    const PreviewOptions& options) {
  options.validate();
  // Checks the sizes as well, before anything is enlarged.
  (void)pixel_mask(still_masked, decoded.size());
  const int shorter = std::min(decoded.height(), decoded.width());
  const int factor = std::max(1, (options.min_side + shorter - 1) / shorter);
  const Size size{decoded.height() * factor, decoded.width() * factor};
  Image8 out = to_image8(resize(decoded, size));
  const PixelMask hidden = pixel_mask(still_masked, size);
  const int cell = std::min(size.height / still_masked.height(), size.width / still_masked.width());
  const int period = std::clamp(cell / 4, 4, 12);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      if (hidden.at(y, x) == 0) continue;
      const float cover = line_cover(y, x, period);
      std::uint8_t* pixel = out.pixel(y, x);
      pixel[0] = mixed(options.hatch_line.r, options.hatch_ground.r, cover);
      pixel[1] = mixed(options.hatch_line.g, options.hatch_ground.g, cover);
      pixel[2] = mixed(options.hatch_line.b, options.hatch_ground.b, cover);
    }
  }
  return out;
}

}  // namespace lacuna::vision
