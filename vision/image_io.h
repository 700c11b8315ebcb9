#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "vision/byte_order.h"
#include "vision/image.h"
#include "vision/image_error.h"
#include "vision/image_limits.h"
#include "vision/png_text.h"

namespace lacuna::vision {

enum class ImageFormat { png, jpeg, bmp };

/// "PNG", "JPEG" or "BMP".
std::string to_string(ImageFormat format);

/// A picture as it was in its file, turned upright, with what the file said about it.
struct DecodedImage {
  /// RGB, or RGBA where the file has alpha. 16-bit files are rounded to 8 bits; grey and palette
  /// files are expanded.
  Image8 image;
  ImageFormat format = ImageFormat::png;
  /// Bits a channel in the file (a palette entry has 8): 1, 2, 4, 8 or 16.
  int bit_depth = 8;
  /// Whether the file has an alpha channel (or a transparent colour). In a 32-bit BMP the fourth
  /// byte often means nothing: it counts only where it is not the same for all pixels.
  bool had_alpha = false;
  /// The EXIF orientation that was undone, 1 where there was none. Only JPEG files are searched.
  int orientation = 1;
};

/// Decodes a PNG, JPEG or BMP file in memory; `name` stands for the file in messages. Sizes,
/// structure, checksums and completeness are checked before a decoder runs.
/// Throws ImageError (malformed, unsupported, too_large), std::invalid_argument on bad limits.
DecodedImage decode_image(Bytes file, const std::string& name, const ImageLimits& limits = {});

/// The bytes of a picture file: read only once its size is known to be within `limits`.
/// Throws ImageError (not_found, unreadable, too_large, malformed where it is empty).
std::vector<std::uint8_t> read_image_bytes(const std::filesystem::path& path,
                                           const ImageLimits& limits = {});

/// `decode_image` of the file. Throws ImageError of every kind.
DecodedImage read_image(const std::filesystem::path& path, const ImageLimits& limits = {});

/// The text entries of a PNG file. Throws ImageError; unsupported where it is not a PNG.
std::vector<PngText> read_image_texts(const std::filesystem::path& path,
                                      const ImageLimits& limits = {});

struct EncodeOptions {
  /// 1 (smallest) to 100 (best). Above 90 the colours keep their full resolution.
  int jpeg_quality = 95;
  /// Placed in PNG files in this order; other formats have no place for them.
  std::vector<PngText> png_texts = {};

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// The format that a file name's extension asks for: .png, .jpg, .jpeg, .bmp in any case.
/// Throws ImageError (unsupported) naming the extension and the known ones.
ImageFormat format_of_extension(const std::filesystem::path& path);

/// The file's bytes; equal pictures and options give equal bytes. PNG and BMP are lossless and keep
/// alpha; for JPEG a picture with alpha is composed on white.
/// Throws std::invalid_argument on an empty picture or bad options.
std::vector<std::uint8_t> encode_image(const Image8& image, ImageFormat format,
                                       const EncodeOptions& options = {});

/// Encodes by extension and replaces the file atomically. Throws ImageError (unsupported
/// extension), std::invalid_argument (as encode_image), lacuna::weights::IoError (cannot write).
void write_image(const std::filesystem::path& path, const Image8& image,
                 const EncodeOptions& options = {});

}  // namespace lacuna::vision
