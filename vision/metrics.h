#pragma once

#include "vision/code_grid.h"
#include "vision/image.h"

namespace lacuna::vision {

/// Mean squared error over all values of all channels. Throws std::invalid_argument where the sizes
/// differ or the pictures are empty; so do the functions below.
double mean_squared_error(const Image& a, const Image& b);

/// Peak signal-to-noise ratio in dB for the peak 1: -10 log10(MSE); +infinity for equal pictures.
double psnr(const Image& a, const Image& b);

/// Structural similarity of the luminance (0.299 R + 0.587 G + 0.114 B) in [-1, 1], 1 for equal
/// pictures: the mean over all places where the whole 11x11 Gaussian window (sigma 1.5) lies inside
/// the picture, K1 = 0.01, K2 = 0.03, dynamic range 1. Wang et al., "Image quality assessment: from
/// error visibility to structural similarity", 2004, equation 13 and section III-C.
/// Throws std::invalid_argument also where a side is below 11.
double ssim(const Image& a, const Image& b);

/// Mean of |a - b| over the three channels of the pixels where `mask` is set.
/// Throws std::invalid_argument also where the mask is empty or of another size.
double mean_absolute_error(const Image& a, const Image& b, const PixelMask& mask);

}  // namespace lacuna::vision
