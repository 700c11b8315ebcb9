#pragma once

#include <opencv2/core.hpp>

#include "vision/code_grid.h"
#include "vision/image.h"

/// Views of our pictures as OpenCV matrices, without a copy: valid as long as the picture is.
/// Internal to vision: no public header includes OpenCV.
namespace lacuna::vision {

inline cv::Mat as_mat(Image& image) {
  return {image.height(), image.width(), CV_32FC3, image.pixels().data()};
}
/// Not to be written to.
inline cv::Mat as_mat(const Image& image) {
  return {image.height(), image.width(), CV_32FC3, const_cast<float*>(image.pixels().data())};
}
inline cv::Mat as_mat(Image8& image) {
  return {image.height(), image.width(), CV_8UC(image.channels()), image.bytes().data()};
}
/// Not to be written to.
inline cv::Mat as_mat(const Image8& image) {
  return {image.height(), image.width(), CV_8UC(image.channels()),
          const_cast<std::uint8_t*>(image.bytes().data())};
}
/// Not to be written to.
inline cv::Mat as_mat(const Grid<std::uint8_t>& grid) {
  return {grid.height(), grid.width(), CV_8UC1, const_cast<std::uint8_t*>(grid.cells().data())};
}

}  // namespace lacuna::vision
