#include "vision/composite.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <string>

#include "vision/opencv_bridge.h"

namespace lacuna::vision {

namespace {

/// How much of the generated picture each pixel takes, in (0, 1] inside the mask and 0 outside.
Grid<float> weights_of(const PixelMask& mask, int feather) {
  Grid<float> weights(mask.size());
  const auto cells = mask.cells();
  const auto out = weights.cells();
  const bool soft = feather > 0 && count_set(mask) < mask.count();
  if (!soft) {
    for (std::size_t i = 0; i < cells.size(); ++i) out[i] = cells[i] != 0 ? 1.0f : 0.0f;
    return weights;
  }
  cv::Mat distance;  // to the nearest kept pixel, 1 for its neighbours
  cv::distanceTransform(as_mat(mask), distance, cv::DIST_L2, cv::DIST_MASK_PRECISE, CV_32F);
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = 0; x < mask.width(); ++x) {
      const float weight = std::min(1.0f, distance.at<float>(y, x) / float(feather + 1));
      weights.at(y, x) = mask.at(y, x) != 0 ? weight : 0.0f;
    }
  }
  return weights;
}

std::uint8_t mixed(std::uint8_t over, std::uint8_t under, float weight) {
  return std::uint8_t(float(over) * weight + float(under) * (1.0f - weight) + 0.5f);
}

}  // namespace

void CompositeOptions::validate() const {
  if (feather < 0 || feather > 4096) {
    throw std::invalid_argument("[CompositeOptions] expected feather in [0, 4096], got " +
                                std::to_string(feather));
  }
}

Image8 composite(const Image8& original, const Image8& generated, const PixelMask& mask,
                 const CompositeOptions& options) {
  options.validate();
  if (original.size() != generated.size() || original.size() != mask.size()) {
    throw std::invalid_argument("[composite] expected one size, got an original of " +
                                to_string(original.size()) + ", a generated picture of " +
                                to_string(generated.size()) + " and a mask of " +
                                to_string(mask.size()));
  }
  const Grid<float> weights = weights_of(mask, options.feather);
  Image8 out = original;
  for (int y = 0; y < out.height(); ++y) {
    for (int x = 0; x < out.width(); ++x) {
      if (mask.at(y, x) == 0) continue;
      const float weight = weights.at(y, x);
      const std::uint8_t* from = generated.pixel(y, x);
      std::uint8_t* to = out.pixel(y, x);
      for (int c = 0; c < 3; ++c) to[c] = mixed(from[c], to[c], weight);
      if (out.has_alpha()) to[3] = mixed(255, to[3], weight);
    }
  }
  return out;
}

}  // namespace lacuna::vision
