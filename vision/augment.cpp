#include "vision/augment.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "vision/colour.h"
#include "vision/opencv_bridge.h"

namespace lacuna::vision {

namespace {

/// SplitMix64 (Steele, Lea and Flood 2014): a few well mixed draws from any seed.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}

  /// Even in [low, high].
  float between(float low, float high) {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    const float unit = float(z >> 40) * 0x1p-24f;
    return low + (high - low) * unit;
  }

 private:
  std::uint64_t state_;
};

void check_range(float value, float low, float high, const char* field) {
  if (!(value >= low && value <= high)) {
    throw std::invalid_argument(std::string("[AugmentOptions] expected ") + field + " in [" +
                                std::to_string(low) + ", " + std::to_string(high) + "], got " +
                                std::to_string(value));
  }
}

}  // namespace

void AugmentOptions::validate() const {
  check_range(max_shift, 0.0f, 0.5f, "max_shift");
  check_range(max_scale, 0.25f, 4.0f, "max_scale");
  check_range(min_scale, 0.25f, max_scale, "min_scale");
  check_range(max_rotation, 0.0f, 45.0f, "max_rotation");
  check_range(max_gamma, 1.0f, 4.0f, "max_gamma");
  check_range(max_saturation, 0.0f, 1.0f, "max_saturation");
  check_range(max_hue, 0.0f, 180.0f, "max_hue");
}

Image augment(const Image& image, const AugmentOptions& options, std::uint64_t seed) {
  options.validate();
  if (image.empty()) throw std::invalid_argument("[augment] expected a picture, got an empty one");
  // All are drawn always, so that one option does not change what another one gives.
  Draws draws(seed);
  const float across = draws.between(-options.max_shift, options.max_shift);
  const float down = draws.between(-options.max_shift, options.max_shift);
  const float scale = draws.between(options.min_scale, options.max_scale);
  const float rotation = draws.between(-options.max_rotation, options.max_rotation);
  const float log_gamma = std::log(options.max_gamma);
  ColourChange colours;
  colours.gamma = std::exp(draws.between(-log_gamma, log_gamma));
  colours.saturation = 1.0f + draws.between(-options.max_saturation, options.max_saturation);
  colours.hue_degrees = draws.between(-options.max_hue, options.max_hue);

  Image moved(image.size());
  const cv::Point2f middle(float(image.width() - 1) / 2, float(image.height() - 1) / 2);
  cv::Mat transform = cv::getRotationMatrix2D(middle, rotation, scale);
  transform.at<double>(0, 2) += double(across) * image.width();
  transform.at<double>(1, 2) += double(down) * image.height();
  const Rgb8 ground = options.background;
  cv::Mat out = as_mat(moved);
  cv::warpAffine(as_mat(image), out, transform, out.size(), cv::INTER_CUBIC, cv::BORDER_CONSTANT,
                 cv::Scalar(to_unit(ground.r), to_unit(ground.g), to_unit(ground.b)));
  for (float& value : moved.pixels()) value = std::clamp(value, 0.0f, 1.0f);
  return change_colours(moved, colours);
}

}  // namespace lacuna::vision
