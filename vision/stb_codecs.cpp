#include "vision/stb_codecs.h"

#include <zlib.h>

#include <climits>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>

#include "vision/image_limits.h"

namespace {

/// Deflate at its strongest level instead of stb's own compressor, in the form stb asks for.
unsigned char* compress_for_stb(unsigned char* data, int size, int* packed_size, int /*quality*/) {
  uLongf packed = compressBound(uLong(size));
  auto* out = static_cast<unsigned char*>(std::malloc(packed));
  if (out == nullptr) return nullptr;
  if (compress2(out, &packed, data, uLong(size), Z_BEST_COMPRESSION) != Z_OK || packed > INT_MAX) {
    std::free(out);
    return nullptr;
  }
  *packed_size = int(packed);
  return out;
}

/// Zeroed, so that a damaged file can never show what was in memory before.
void* allocate_zeroed(std::size_t bytes) { return std::calloc(bytes, 1); }

}  // namespace

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-compare"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_FAILURE_USERMSG
#define STBI_ASSERT(condition) ((void)0)
#define STBI_MALLOC(bytes) allocate_zeroed(bytes)
#define STBI_REALLOC(block, bytes) std::realloc(block, bytes)
#define STBI_FREE(block) std::free(block)
#include <stb_image.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition) ((void)0)
#define STBIW_ZLIB_COMPRESS compress_for_stb
#include <stb_image_write.h>

#pragma GCC diagnostic pop

namespace lacuna::vision {

namespace {

struct Free {
  void operator()(void* block) const { std::free(block); }
};

int checked_length(Bytes file) {
  if (file.size() > INT_MAX) throw std::invalid_argument("[stb] expected a file below 2 GiB");
  return int(file.size());
}

void check_writable(const Image8& image) {
  const std::int64_t pixels = std::int64_t(image.height()) * image.width();
  if (pixels < 1 || pixels > ImageLimits::kPixelCeiling) {
    throw std::invalid_argument("[encode] expected a picture of 1 to 2^27 pixels, got " +
                                to_string(image.size()));
  }
}

void append_to_vector(void* context, void* data, int size) {
  auto& out = *static_cast<std::vector<std::uint8_t>*>(context);
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

}  // namespace

std::optional<DecoderFacts> decoder_facts(Bytes file) {
  DecoderFacts facts;
  if (stbi_info_from_memory(file.data(), checked_length(file), &facts.size.width,
                            &facts.size.height, &facts.channels) == 0) {
    return std::nullopt;
  }
  return facts;
}

std::optional<Image8> decode_with_stb(Bytes file, int channels, std::string& reason) {
  const int length = checked_length(file);
  Size size;
  int in_file = 0;
  const auto copied = [&](const auto* pixels, auto to_8_bits) {
    Image8 out(size, channels);
    const auto bytes = out.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = to_8_bits(pixels[i]);
    return out;
  };
  if (stbi_is_16_bit_from_memory(file.data(), length) != 0) {
    const std::unique_ptr<stbi_us, Free> pixels(stbi_load_16_from_memory(
        file.data(), length, &size.width, &size.height, &in_file, channels));
    if (pixels) {
      return copied(pixels.get(),
                    [](stbi_us v) { return std::uint8_t((v * 255u + 32767u) / 65535u); });
    }
  } else {
    const std::unique_ptr<stbi_uc, Free> pixels(
        stbi_load_from_memory(file.data(), length, &size.width, &size.height, &in_file, channels));
    if (pixels) return copied(pixels.get(), [](stbi_uc v) { return v; });
  }
  const char* why = stbi_failure_reason();
  reason = why != nullptr ? why : "unknown reason";
  return std::nullopt;
}

std::vector<std::uint8_t> encode_png_with_stb(const Image8& image) {
  check_writable(image);
  int size = 0;
  const std::unique_ptr<unsigned char, Free> file(
      stbi_write_png_to_mem(image.bytes().data(), image.width() * image.channels(), image.width(),
                            image.height(), image.channels(), &size));
  if (!file) throw std::bad_alloc();
  return {file.get(), file.get() + size};
}

std::vector<std::uint8_t> encode_jpeg_with_stb(const Image8& image, int quality) {
  check_writable(image);
  if (image.width() > 65'535 || image.height() > 65'535) {
    throw std::invalid_argument("[encode_jpeg] expected sides of at most 65,535 pixels, got " +
                                to_string(image.size()));
  }
  std::vector<std::uint8_t> out;
  if (stbi_write_jpg_to_func(append_to_vector, &out, image.width(), image.height(),
                             image.channels(), image.bytes().data(), quality) == 0) {
    throw std::bad_alloc();
  }
  return out;
}

std::vector<std::uint8_t> encode_bmp_with_stb(const Image8& image) {
  check_writable(image);
  std::vector<std::uint8_t> out;
  if (stbi_write_bmp_to_func(append_to_vector, &out, image.width(), image.height(),
                             image.channels(), image.bytes().data()) == 0) {
    throw std::bad_alloc();
  }
  return out;
}

}  // namespace lacuna::vision
