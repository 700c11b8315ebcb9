#include "vision/lettering.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "runtime/weights/utf8.h"
#include "vision/opencv_bridge.h"

namespace lacuna::vision {

namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
/// Letters are drawn this much larger and then averaged: OpenCV places strokes on whole pixels.
constexpr int kSupersample = 8;
/// The height of a capital letter at scale 1.
constexpr double kCapitalHeight = 21.0;

double font_scale(const Lettering& lettering) {
  return kSupersample * lettering.height / kCapitalHeight;
}

int stroke_width(const Lettering& lettering) {
  return std::max(1, int(std::lround(kSupersample * lettering.height * 0.115)));
}

/// Width at the enlarged scale.
int large_width(std::string_view text, const Lettering& lettering) {
  int baseline = 0;
  return cv::getTextSize(std::string(text), kFont, font_scale(lettering), stroke_width(lettering),
                         &baseline)
      .width;
}

/// The bytes of the UTF-8 character that starts with `first`.
std::size_t character_bytes(std::uint8_t first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/// The longest beginning of `text` that fits, at least one letter.
std::size_t fitting_letters(std::string_view text, int width, const Lettering& lettering) {
  std::size_t count = 1;
  while (count < text.size() && text_width(text.substr(0, count + 1), lettering) <= width) ++count;
  return count;
}

}  // namespace

int text_width(std::string_view text, const Lettering& lettering) {
  return (large_width(text, lettering) + kSupersample - 1) / kSupersample;
}

int line_height(const Lettering& lettering) { return int(std::lround(lettering.height * 1.7)); }

std::string plain_letters(std::string_view text) {
  const bool sound = weights::find_invalid_utf8(text) == std::string_view::npos;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = std::uint8_t(text[i]);
    const std::size_t length = sound ? character_bytes(first) : 1;
    const std::string_view character = text.substr(i, length);
    i += length;
    if (first < 0x80) {
      out += first < 0x20 || first == 0x7f ? ' ' : char(first);
    } else if (character == "\u2018" || character == "\u2019") {
      out += '\'';
    } else if (character == "\u201c" || character == "\u201d") {
      out += '"';
    } else if (character == "\u2013" || character == "\u2014") {
      out += '-';
    } else if (character == "\u2026") {
      out += "...";
    } else {
      out += '?';
    }
  }
  return out;
}

std::vector<std::string> wrap_text(std::string_view text, int width, int max_lines,
                                   const Lettering& lettering) {
  std::vector<std::string> lines;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty() || max_lines < 1) return lines;
    const bool last = int(lines.size()) + 1 == max_lines;
    std::size_t fits = fitting_letters(text, width, lettering);
    if (fits == text.size()) {
      lines.emplace_back(text);
      return lines;
    }
    if (last) {
      std::string cut(text.substr(0, fits));
      while (cut.size() > 1 && text_width(cut + "...", lettering) > width) cut.pop_back();
      lines.push_back(cut.substr(0, cut.find_last_not_of(' ') + 1) + "...");
      return lines;
    }
    // The space may stand directly behind the last letter that fits.
    const std::size_t space = text.substr(0, fits + 1).rfind(' ');
    if (space != std::string_view::npos && space > 0) fits = space;
    const std::string_view line = text.substr(0, fits);
    lines.emplace_back(line.substr(0, line.find_last_not_of(' ') + 1));
    text.remove_prefix(fits);
  }
}

void draw_text(Image8& canvas, std::string_view text, int top, int left,
               const Lettering& lettering) {
  if (text.empty()) return;
  // One pixel of room on each side for the thickness of the strokes.
  const int height = line_height(lettering) + 2;
  const int width = text_width(text, lettering) + 2;
  cv::Mat large = cv::Mat::zeros(height * kSupersample, width * kSupersample, CV_8UC1);
  const cv::Point baseline(kSupersample, (lettering.height + 1) * kSupersample);
  cv::putText(large, std::string(text), baseline, kFont, font_scale(lettering), cv::Scalar(255),
              stroke_width(lettering), cv::LINE_AA);
  cv::Mat cover;
  cv::resize(large, cover, cv::Size(width, height), 0, 0, cv::INTER_AREA);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int row = top - 1 + y;
      const int column = left - 1 + x;
      if (row < 0 || column < 0 || row >= canvas.height() || column >= canvas.width()) continue;
      const unsigned weight = cover.at<std::uint8_t>(y, x);
      std::uint8_t* pixel = canvas.pixel(row, column);
      const auto blend = [weight](std::uint8_t ink, std::uint8_t ground) {
        return std::uint8_t((ink * weight + ground * (255u - weight) + 127u) / 255u);
      };
      pixel[0] = blend(lettering.ink.r, pixel[0]);
      pixel[1] = blend(lettering.ink.g, pixel[1]);
      pixel[2] = blend(lettering.ink.b, pixel[2]);
    }
  }
}

}  // namespace lacuna::vision
