#include "vision/image_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <stdexcept>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/file_descriptor.h"
#include "vision/bmp_file.h"
#include "vision/colour.h"
#include "vision/exif.h"
#include "vision/foreign_formats.h"
#include "vision/jpeg_file.h"
#include "vision/png_file.h"
#include "vision/stb_codecs.h"

namespace lacuna::vision {

namespace {

using Kind = ImageError::Kind;

[[noreturn]] void throw_too_many_bytes(const std::string& name, const std::string& size,
                                       const ImageLimits& limits) {
  throw ImageError(
      Kind::too_large, name,
      "the file has " + size + " bytes; at most " + std::to_string(limits.max_bytes) + " are read");
}

/// Runs the decoder on a file that its format's check has passed.
Image8 decode_checked(Bytes file, Size expected, int channels, const std::string& name,
                      ImageFormat format) {
  auto facts = decoder_facts(file);
  // stb gives the height of a BMP with its top row first as it stands in the file: negative.
  if (facts) facts->size.height = std::abs(facts->size.height);
  if (facts && facts->size != expected) {
    throw ImageError(Kind::malformed, name,
                     "damaged " + to_string(format) + ": its header can be read as " +
                         to_string(expected) + " and as " + to_string(facts->size));
  }
  std::string reason;
  auto image = decode_with_stb(file, channels, reason);
  if (image) return std::move(*image);
  if (reason == "Out of memory") {
    throw ImageError(Kind::too_large, name, "not enough memory for " + to_string(expected));
  }
  throw ImageError(Kind::malformed, name,
                   "damaged " + to_string(format) + ": the decoder says '" + reason + "'");
}

DecodedImage decode_png(Bytes file, const std::string& name, const ImageLimits& limits) {
  const CheckedPng png = check_png(file, name, limits);
  DecodedImage out;
  out.format = ImageFormat::png;
  out.bit_depth = png.facts.bit_depth;
  out.had_alpha = png.facts.has_alpha;
  out.image =
      decode_checked(png.minimal_file, png.facts.size, out.had_alpha ? 4 : 3, name, out.format);
  return out;
}

DecodedImage decode_jpeg(Bytes file, const std::string& name, const ImageLimits& limits) {
  const JpegFacts facts = check_jpeg(file, name, limits);
  DecodedImage out;
  out.format = ImageFormat::jpeg;
  out.orientation = facts.orientation;
  out.image = upright(decode_checked(file, facts.size, 3, name, out.format), facts.orientation);
  return out;
}

bool alpha_is_constant(const Image8& image) {
  const auto bytes = image.bytes();
  for (std::size_t i = 3; i < bytes.size(); i += 4) {
    if (bytes[i] != bytes[3]) return false;
  }
  return true;
}

DecodedImage decode_bmp(Bytes file, const std::string& name, const ImageLimits& limits) {
  const BmpFacts facts = check_bmp(file, name, limits);
  DecodedImage out;
  out.format = ImageFormat::bmp;
  const bool may_have_alpha = facts.bits_per_pixel == 16 || facts.bits_per_pixel == 32;
  out.image = decode_checked(file, facts.size, may_have_alpha ? 4 : 3, name, out.format);
  out.had_alpha = may_have_alpha && !alpha_is_constant(out.image);
  if (may_have_alpha && !out.had_alpha) out.image = without_alpha(out.image);
  return out;
}

std::string system_reason(int error) { return std::strerror(error); }

}  // namespace

std::string to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::png:
      return "PNG";
    case ImageFormat::jpeg:
      return "JPEG";
    case ImageFormat::bmp:
      return "BMP";
  }
  throw std::invalid_argument("[to_string] expected a known image format, got " +
                              std::to_string(int(format)));
}

DecodedImage decode_image(Bytes file, const std::string& name, const ImageLimits& limits) {
  limits.validate();
  if (file.empty()) throw ImageError(Kind::malformed, name, "the file is empty (0 bytes)");
  if (file.size() > limits.max_bytes) {
    throw_too_many_bytes(name, std::to_string(file.size()), limits);
  }
  try {
    if (is_png(file)) return decode_png(file, name, limits);
    if (is_jpeg(file)) return decode_jpeg(file, name, limits);
    if (is_bmp(file)) return decode_bmp(file, name, limits);
  } catch (const std::bad_alloc&) {
    throw ImageError(Kind::too_large, name, "not enough memory for the picture");
  }
  if (const auto format = foreign_format(file)) {
    throw ImageError(Kind::unsupported, name,
                     "this is " + *format + "; PNG, JPEG and BMP are read: convert it first");
  }
  throw ImageError(Kind::malformed, name,
                   "this is not a picture; expected a PNG, JPEG or BMP file");
}

std::vector<std::uint8_t> read_image_bytes(const std::filesystem::path& path,
                                           const ImageLimits& limits) {
  limits.validate();
  const std::string name = path.string();
  const weights::FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      throw ImageError(Kind::not_found, name, "no such file");
    }
    throw ImageError(Kind::unreadable, name, "cannot open: " + system_reason(error));
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    throw ImageError(Kind::unreadable, name, "cannot look at: " + system_reason(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    throw ImageError(Kind::unreadable, name, "this is a folder; expected a picture file");
  }
  std::vector<std::uint8_t> bytes;
  if (S_ISREG(status.st_mode)) {
    if (std::uint64_t(status.st_size) > limits.max_bytes) {
      throw_too_many_bytes(name, std::to_string(status.st_size), limits);
    }
    bytes.reserve(std::size_t(status.st_size) + 1);
  }
  // Pipes and devices say no size: they are read up to one byte more than is allowed.
  constexpr std::size_t kPiece = std::size_t{1} << 18;
  std::size_t got = 0;
  while (true) {
    const std::size_t room = std::min(kPiece, limits.max_bytes + 1 - got);
    bytes.resize(got + room);
    const ::ssize_t count = ::read(fd.get(), bytes.data() + got, room);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw ImageError(Kind::unreadable, name, "cannot read: " + system_reason(errno));
    }
    got += std::size_t(count);
    if (got > limits.max_bytes) {
      throw_too_many_bytes(name, "more than " + std::to_string(limits.max_bytes), limits);
    }
    if (count == 0) break;
  }
  bytes.resize(got);
  if (bytes.empty()) throw ImageError(Kind::malformed, name, "the file is empty (0 bytes)");
  return bytes;
}

DecodedImage read_image(const std::filesystem::path& path, const ImageLimits& limits) {
  return decode_image(read_image_bytes(path, limits), path.string(), limits);
}

std::vector<PngText> read_image_texts(const std::filesystem::path& path,
                                      const ImageLimits& limits) {
  return read_png_texts(read_image_bytes(path, limits), path.string());
}

void EncodeOptions::validate() const {
  if (jpeg_quality < 1 || jpeg_quality > 100) {
    throw std::invalid_argument("[EncodeOptions] expected jpeg_quality from 1 to 100, got " +
                                std::to_string(jpeg_quality));
  }
}

ImageFormat format_of_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (extension == ".png") return ImageFormat::png;
  if (extension == ".jpg" || extension == ".jpeg") return ImageFormat::jpeg;
  if (extension == ".bmp") return ImageFormat::bmp;
  const std::string got = extension.empty() ? "no extension" : "'" + extension + "'";
  throw ImageError(Kind::unsupported, path.string(),
                   "pictures are written as .png, .jpg, .jpeg or .bmp, got " + got);
}

std::vector<std::uint8_t> encode_image(const Image8& image, ImageFormat format,
                                       const EncodeOptions& options) {
  options.validate();
  switch (format) {
    case ImageFormat::png: {
      std::vector<std::uint8_t> png = encode_png_with_stb(image);
      return options.png_texts.empty() ? png : with_png_texts(png, options.png_texts);
    }
    case ImageFormat::jpeg:
      return encode_jpeg_with_stb(on_white(image), options.jpeg_quality);
    case ImageFormat::bmp:
      return encode_bmp_with_stb(image);
  }
  throw std::invalid_argument("[encode_image] expected a known image format, got " +
                              std::to_string(int(format)));
}

void write_image(const std::filesystem::path& path, const Image8& image,
                 const EncodeOptions& options) {
  const std::vector<std::uint8_t> file = encode_image(image, format_of_extension(path), options);
  weights::write_file_atomic(path, std::as_bytes(std::span(file)));
}

}  // namespace lacuna::vision
