#include "vision/resize.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "vision/colour.h"
#include "vision/opencv_bridge.h"

namespace lacuna::vision {

namespace {

void check_side(Size size, const char* function) {
  if (size.height < 1 || size.width < 1) {
    throw std::invalid_argument(std::string("[") + function +
                                "] expected sides of at least 1 pixel, got " + to_string(size));
  }
}

void check_size(Size got, Size expected, const char* function) {
  if (got != expected) {
    throw std::invalid_argument(std::string("[") + function + "] expected a picture of " +
                                to_string(expected) + ", got " + to_string(got));
  }
}

/// `from` resampled to the size of `to`. One filter does not serve an axis that shrinks and one
/// that grows, so that they are done one after the other.
void resample(const cv::Mat& from, cv::Mat& to) {
  const cv::Size target = to.size();
  const cv::Size shrunk(std::min(from.cols, target.width), std::min(from.rows, target.height));
  cv::Mat small = from;
  if (shrunk != from.size()) {
    cv::Mat* out = shrunk == target ? &to : &small;
    cv::resize(from, *out, shrunk, 0, 0, cv::INTER_AREA);
    if (out == &to) return;
  }
  if (shrunk == target) {
    small.copyTo(to);
  } else {
    cv::resize(small, to, target, 0, 0, cv::INTER_CUBIC);
  }
}

cv::Rect as_rect(const Area& area) { return {area.left, area.top, area.width, area.height}; }

void clamp_unit(Image& image) {
  for (float& value : image.pixels()) value = std::clamp(value, 0.0f, 1.0f);
}

template <typename Picture>
Picture resized(const Picture& image, Picture out) {
  cv::Mat to = as_mat(out);
  resample(as_mat(image), to);
  return out;
}

int scaled(int length, double scale, int limit) {
  return std::clamp(int(std::lround(length * scale)), 1, limit);
}

/// 8-bit pictures more than this many times the target's size are first averaged to it as bytes,
/// which saves the memory of a float copy of a photograph; the rounding is at most 1/510.
constexpr int kByteShrink = 4;

}  // namespace

Letterbox letterbox(Size source, Size target, Aspect aspect) {
  check_side(source, "letterbox");
  check_side(target, "letterbox");
  Letterbox box{
      source, target, {0, 0, source.height, source.width}, {0, 0, target.height, target.width}};
  const double down = double(target.height) / source.height;
  const double across = double(target.width) / source.width;
  if (aspect == Aspect::pad) {
    const double scale = std::min(down, across);
    Area& area = box.target_area;
    area.height = scaled(source.height, scale, target.height);
    area.width = scaled(source.width, scale, target.width);
    area.top = (target.height - area.height) / 2;
    area.left = (target.width - area.width) / 2;
  } else if (aspect == Aspect::crop) {
    const double scale = std::max(down, across);
    Area& area = box.source_area;
    area.height = scaled(target.height, 1 / scale, source.height);
    area.width = scaled(target.width, 1 / scale, source.width);
    area.top = (source.height - area.height) / 2;
    area.left = (source.width - area.width) / 2;
  }
  return box;
}

Image resize(const Image& image, Size size) {
  check_side(image.size(), "resize");
  check_side(size, "resize");
  if (image.size() == size) return image;
  Image out = resized(image, Image(size));
  clamp_unit(out);  // bicubic interpolation overshoots at edges
  return out;
}

Image8 resize(const Image8& image, Size size) {
  check_side(image.size(), "resize");
  check_side(size, "resize");
  if (image.size() == size) return image;
  return resized(image, Image8(size, image.channels()));
}

Image fit(const Image& image, const Letterbox& box, Rgb8 background) {
  check_size(image.size(), box.source, "fit");
  if (box.source == box.target && box.source_area == box.target_area) return image;
  Image out = to_image(filled(box.target, background));
  cv::Mat shown = as_mat(out)(as_rect(box.target_area));
  resample(as_mat(image)(as_rect(box.source_area)), shown);
  clamp_unit(out);
  return out;
}

Image fit(const Image8& image, const Letterbox& box, Rgb8 background) {
  check_size(image.size(), box.source, "fit");
  const Size shown = box.target_area.size();
  const Image8 opaque = image.has_alpha() ? on_ground(image, background) : Image8();
  const Image8& source = image.has_alpha() ? opaque : image;
  if (box.source_area.height > kByteShrink * shown.height &&
      box.source_area.width > kByteShrink * shown.width) {
    Image8 small({kByteShrink * shown.height, kByteShrink * shown.width}, 3);
    cv::Mat to = as_mat(small);
    resample(as_mat(source)(as_rect(box.source_area)), to);
    Letterbox rest = box;
    rest.source = small.size();
    rest.source_area = {0, 0, small.height(), small.width()};
    return fit(to_image(small), rest, background);
  }
  return fit(to_image(source), box, background);
}

PixelMask fit(const PixelMask& mask, const Letterbox& box) {
  check_size(mask.size(), box.source, "fit");
  PixelMask out(box.target);
  const Area& from = box.source_area;
  const Area& to = box.target_area;
  // Source pixel i of n covers the target pixels from floor(i m / n) to ceil((i + 1) m / n) - 1.
  const auto first = [](int i, int n, int m) { return int(std::int64_t(i) * m / n); };
  const auto last = [](int i, int n, int m) {
    return int((std::int64_t(i + 1) * m + n - 1) / n) - 1;
  };
  for (int y = 0; y < from.height; ++y) {
    for (int x = 0; x < from.width; ++x) {
      if (mask.at(from.top + y, from.left + x) == 0) continue;
      const int bottom = last(y, from.height, to.height);
      const int right = last(x, from.width, to.width);
      for (int ty = first(y, from.height, to.height); ty <= bottom; ++ty) {
        for (int tx = first(x, from.width, to.width); tx <= right; ++tx) {
          out.at(to.top + ty, to.left + tx) = 1;
        }
      }
    }
  }
  return out;
}

Image8 map_back(const Image& generated, const Letterbox& box, const Image8& original) {
  check_size(generated.size(), box.target, "map_back");
  check_size(original.size(), box.source, "map_back");
  const Image8 bytes = to_image8(generated);
  Image8 out = without_alpha(original);
  cv::Mat place = as_mat(out)(as_rect(box.source_area));
  resample(as_mat(bytes)(as_rect(box.target_area)), place);
  return out;
}

}  // namespace lacuna::vision
