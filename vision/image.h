#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lacuna::vision {

/// The size of a picture or grid in rows and columns.
struct Size {
  int height = 0;
  int width = 0;
  bool operator==(const Size&) const = default;
};

/// "64x48 (width x height)": how sizes are written in messages.
inline std::string to_string(Size size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height) + " (width x height)";
}

namespace detail {

inline std::size_t checked_elements(Size size, int channels, const char* function) {
  if (size.height < 0 || size.width < 0) {
    throw std::invalid_argument(std::string("[") + function +
                                "] expected a size of 0 or more, got " + to_string(size));
  }
  return std::size_t(size.height) * std::size_t(size.width) * std::size_t(channels);
}

}  // namespace detail

/// An RGB picture of floats, row-major [height, width, 3], values in [0, 1] (0 black, 1 full).
/// A value type without any library behind it; what models see and make.
class Image {
 public:
  static constexpr int kChannels = 3;

  Image() = default;
  /// Every value of every channel is `fill`. Throws std::invalid_argument on a negative size.
  explicit Image(Size size, float fill = 0.0f)
      : size_(size), pixels_(detail::checked_elements(size, kChannels, "Image"), fill) {}
  /// Takes `pixels` as [height, width, 3]. Throws std::invalid_argument on another element count.
  Image(Size size, std::vector<float> pixels) : size_(size), pixels_(std::move(pixels)) {
    const std::size_t expected = detail::checked_elements(size, kChannels, "Image");
    if (pixels_.size() != expected) {
      throw std::invalid_argument("[Image] expected " + std::to_string(expected) + " values for " +
                                  to_string(size) + ", got " + std::to_string(pixels_.size()));
    }
  }

  Size size() const { return size_; }
  int height() const { return size_.height; }
  int width() const { return size_.width; }
  bool empty() const { return pixels_.empty(); }

  /// All values, [height, width, 3].
  std::span<float> pixels() { return pixels_; }
  std::span<const float> pixels() const { return pixels_; }

  /// Unchecked access; 0 <= y < height, 0 <= x < width, 0 <= channel < 3.
  float& at(int y, int x, int channel) { return pixels_[index(y, x, channel)]; }
  float at(int y, int x, int channel) const { return pixels_[index(y, x, channel)]; }

  bool operator==(const Image&) const = default;

 private:
  std::size_t index(int y, int x, int channel) const {
    return (std::size_t(y) * std::size_t(size_.width) + std::size_t(x)) * kChannels +
           std::size_t(channel);
  }

  Size size_;
  std::vector<float> pixels_;
};

/// A picture of bytes, row-major [height, width, channels], 3 channels (RGB) or 4 (RGBA, straight
/// alpha, 255 opaque). What files hold: bytes survive here exactly.
class Image8 {
 public:
  Image8() = default;
  /// Throws std::invalid_argument on a negative size or on channels other than 3 and 4.
  explicit Image8(Size size, int channels = 3, std::uint8_t fill = 0)
      : size_(size),
        channels_(checked_channels(channels)),
        bytes_(detail::checked_elements(size, channels, "Image8"), fill) {}
  /// Takes `bytes` as [height, width, channels]. Throws std::invalid_argument on another count.
  Image8(Size size, int channels, std::vector<std::uint8_t> bytes)
      : size_(size), channels_(checked_channels(channels)), bytes_(std::move(bytes)) {
    const std::size_t expected = detail::checked_elements(size, channels, "Image8");
    if (bytes_.size() != expected) {
      throw std::invalid_argument("[Image8] expected " + std::to_string(expected) + " bytes for " +
                                  to_string(size) + ", got " + std::to_string(bytes_.size()));
    }
  }

  Size size() const { return size_; }
  int height() const { return size_.height; }
  int width() const { return size_.width; }
  int channels() const { return channels_; }
  bool has_alpha() const { return channels_ == 4; }
  bool empty() const { return bytes_.empty(); }

  /// All bytes, [height, width, channels].
  std::span<std::uint8_t> bytes() { return bytes_; }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

  /// The `channels()` bytes of one pixel; unchecked.
  std::uint8_t* pixel(int y, int x) { return bytes_.data() + index(y, x); }
  const std::uint8_t* pixel(int y, int x) const { return bytes_.data() + index(y, x); }

  bool operator==(const Image8&) const = default;

 private:
  static int checked_channels(int channels) {
    if (channels != 3 && channels != 4) {
      throw std::invalid_argument("[Image8] expected 3 or 4 channels, got " +
                                  std::to_string(channels));
    }
    return channels;
  }
  std::size_t index(int y, int x) const {
    return (std::size_t(y) * std::size_t(size_.width) + std::size_t(x)) * std::size_t(channels_);
  }

  Size size_;
  int channels_ = 3;
  std::vector<std::uint8_t> bytes_;
};

/// Rounds a value in [0, 1] to the nearest of 256 levels: floor(255 v + 0.5) after clamping.
/// NaN gives 0, so that no input can make an undefined byte.
inline std::uint8_t to_byte(float value) {
  if (!(value > 0.0f)) return 0;
  if (value >= 1.0f) return 255;
  return static_cast<std::uint8_t>(value * 255.0f + 0.5f);
}

/// byte / 255. `to_byte(to_unit(b)) == b` for every byte.
inline float to_unit(std::uint8_t byte) { return static_cast<float>(byte) / 255.0f; }

/// Rounds every value with `to_byte`; 3 channels.
inline Image8 to_image8(const Image& image) {
  Image8 out(image.size(), 3);
  const auto from = image.pixels();
  const auto to = out.bytes();
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = to_byte(from[i]);
  return out;
}

/// Composes a picture with alpha on white: round((c a + 255 (255 - a)) / 255). A picture without
/// alpha is returned as it is.
inline Image8 on_white(const Image8& image) {
  if (!image.has_alpha()) return image;
  Image8 out(image.size(), 3);
  const auto from = image.bytes();
  const auto to = out.bytes();
  for (std::size_t i = 0, j = 0; i < from.size(); i += 4, j += 3) {
    const unsigned alpha = from[i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      to[j + c] = std::uint8_t((from[i + c] * alpha + 255u * (255u - alpha) + 127u) / 255u);
    }
  }
  return out;
}

/// Bytes to floats with `to_unit`; a picture with alpha is composed on white first.
inline Image to_image(const Image8& image) {
  if (image.has_alpha()) return to_image(on_white(image));
  Image out(image.size());
  const auto from = image.bytes();
  const auto to = out.pixels();
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = to_unit(from[i]);
  return out;
}

}  // namespace lacuna::vision
