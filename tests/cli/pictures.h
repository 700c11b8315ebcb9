#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "vision/image.h"

/// Picture files for the tests of the command line, good ones and bad ones.
namespace lacuna::test {

/// Smooth colours with some detail; opaque for 3 channels, half transparent at places for 4.
vision::Image8 sample_picture(vision::Size size, int channels = 3);
/// White where left <= x < right.
vision::Image8 column_mask(vision::Size size, int left, int right);

/// A PNG header that claims this size, with nothing behind it.
std::string png_claiming(std::uint32_t width, std::uint32_t height);
/// A 16-bit grey PNG of 2 x 2 pixels.
std::string png_of_16_bits();
/// A JPEG header with four components.
std::string jpeg_cmyk();

}  // namespace lacuna::test
