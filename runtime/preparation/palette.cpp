#include "runtime/preparation/palette.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>

namespace lacuna::preparation {
namespace {

constexpr int kRounds = 4;  // of k-means after the splits

/// One colour of the picture and how many pixels have it.
struct Colour {
  std::array<int, 3> rgb{};
  std::int64_t count = 0;
};

std::uint32_t packed(const std::uint8_t* rgb) {
  return (std::uint32_t{rgb[0]} << 16) | (std::uint32_t{rgb[1]} << 8) | rgb[2];
}

std::uint32_t packed(const std::array<int, 3>& rgb) {
  return (std::uint32_t(rgb[0]) << 16) | (std::uint32_t(rgb[1]) << 8) | std::uint32_t(rgb[2]);
}

int lightness(const std::array<int, 3>& rgb) { return 77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]; }

/// The picture's colours, ascending.
std::vector<Colour> histogram(const vision::Image8& picture) {
  const auto bytes = picture.bytes();
  std::vector<std::uint32_t> all(bytes.size() / 3);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = packed(bytes.data() + 3 * i);
  std::sort(all.begin(), all.end());
  std::vector<Colour> out;
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t first = i;
    while (i < all.size() && all[i] == all[first]) ++i;
    const std::uint32_t c = all[first];
    out.push_back({{int(c >> 16), int((c >> 8) & 255), int(c & 255)}, std::int64_t(i - first)});
  }
  return out;
}

/// A range of the colours and what splitting it would help.
struct Box {
  std::size_t begin = 0, end = 0;
  int axis = 0;
  double spread = 0;  // sum of squared distances from the mean along `axis`
};

Box measured(const std::vector<Colour>& colours, std::size_t begin, std::size_t end) {
  Box box{begin, end, 0, -1.0};
  for (int axis = 0; axis < 3; ++axis) {
    double n = 0, sum = 0, squares = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const double value = colours[i].rgb[std::size_t(axis)];
      const auto count = double(colours[i].count);
      n += count;
      sum += count * value;
      squares += count * value * value;
    }
    const double spread = squares - sum * sum / n;
    if (spread > box.spread) box = {begin, end, axis, spread};
  }
  return box;
}

/// The place in a sorted box where the two halves together spread least; begin + 1 at least.
std::size_t best_cut(const std::vector<Colour>& colours, const Box& box) {
  const auto axis = std::size_t(box.axis);
  double total = 0, total_sum = 0;
  for (std::size_t i = box.begin; i < box.end; ++i) {
    total += double(colours[i].count);
    total_sum += double(colours[i].count) * colours[i].rgb[axis];
  }
  double n = 0, sum = 0, best = -1;
  std::size_t cut = box.begin + 1;
  for (std::size_t i = box.begin; i + 1 < box.end; ++i) {
    n += double(colours[i].count);
    sum += double(colours[i].count) * colours[i].rgb[axis];
    const double gain = sum * sum / n + (total_sum - sum) * (total_sum - sum) / (total - n);
    if (gain > best) {
      best = gain;
      cut = i + 1;
    }
  }
  return cut;
}

std::array<int, 3> mean_of(const std::vector<Colour>& colours, std::size_t begin, std::size_t end) {
  std::array<std::int64_t, 3> sum{};
  std::int64_t n = 0;
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t c = 0; c < 3; ++c) sum[c] += colours[i].count * colours[i].rgb[c];
    n += colours[i].count;
  }
  std::array<int, 3> out{};
  for (std::size_t c = 0; c < 3; ++c) out[c] = int((2 * sum[c] + n) / (2 * n));
  return out;
}

using Palette = std::vector<std::array<int, 3>>;

Palette split(std::vector<Colour>& colours, std::size_t count) {
  std::vector<Box> boxes = {measured(colours, 0, colours.size())};
  while (boxes.size() < count) {
    const auto widest = std::max_element(
        boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.spread < b.spread; });
    if (widest->end - widest->begin < 2) break;
    const Box box = *widest;
    const auto axis = std::size_t(box.axis);
    std::sort(colours.begin() + std::ptrdiff_t(box.begin),
              colours.begin() + std::ptrdiff_t(box.end), [axis](const Colour& a, const Colour& b) {
                return a.rgb[axis] != b.rgb[axis] ? a.rgb[axis] < b.rgb[axis]
                                                  : packed(a.rgb) < packed(b.rgb);
              });
    const std::size_t cut = best_cut(colours, box);
    *widest = measured(colours, box.begin, cut);
    boxes.push_back(measured(colours, cut, box.end));
  }
  Palette out;
  for (const Box& box : boxes) out.push_back(mean_of(colours, box.begin, box.end));
  return out;
}

/// The nearest entry of each colour.
std::vector<std::uint8_t> nearest(const std::vector<Colour>& colours, const Palette& palette) {
  std::array<int, 256> r{}, g{}, b{};
  for (std::size_t i = 0; i < palette.size(); ++i) {
    r[i] = palette[i][0];
    g[i] = palette[i][1];
    b[i] = palette[i][2];
  }
  std::vector<std::uint8_t> out(colours.size());
  std::array<int, 256> distance{};
  for (std::size_t k = 0; k < colours.size(); ++k) {
    const auto [cr, cg, cb] = colours[k].rgb;
    for (std::size_t i = 0; i < palette.size(); ++i) {
      const int dr = cr - r[i], dg = cg - g[i], db = cb - b[i];
      distance[i] = dr * dr + dg * dg + db * db;
    }
    const auto end = distance.begin() + std::ptrdiff_t(palette.size());
    out[k] = std::uint8_t(std::min_element(distance.begin(), end) - distance.begin());
  }
  return out;
}

/// One round of k-means; entries in `fixed` stay.
void refine(const std::vector<Colour>& colours, Palette& palette, std::size_t fixed) {
  const auto entry = nearest(colours, palette);
  std::vector<std::array<std::int64_t, 4>> sums(palette.size());
  for (std::size_t k = 0; k < colours.size(); ++k) {
    auto& sum = sums[entry[k]];
    for (std::size_t c = 0; c < 3; ++c) sum[c] += colours[k].count * colours[k].rgb[c];
    sum[3] += colours[k].count;
  }
  for (std::size_t i = fixed; i < palette.size(); ++i) {
    if (sums[i][3] == 0) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      palette[i][c] = int((2 * sums[i][c] + sums[i][3]) / (2 * sums[i][3]));
    }
  }
}

Palette choose(const std::vector<Colour>& colours, std::size_t count) {
  Palette fixed;
  std::vector<Colour> free;
  for (const Colour& colour : colours) {
    const std::uint32_t value = packed(colour.rgb);
    if (value == 0xffffffu || value == 0u) {
      fixed.push_back(colour.rgb);
    } else {
      free.push_back(colour);
    }
  }
  if (fixed.size() >= count) return fixed;  // two colours: black and white
  const std::size_t fixed_count = fixed.size();
  Palette palette = fixed;
  const Palette chosen = split(free, count - fixed_count);
  palette.insert(palette.end(), chosen.begin(), chosen.end());
  for (int round = 0; round < kRounds; ++round) refine(colours, palette, fixed_count);
  return palette;
}

}  // namespace

PalettePicture reduce_colors(const vision::Image8& picture, int colors) {
  if (colors < 2 || colors > 256) {
    throw std::invalid_argument("[reduce_colors] expected 2 to 256 colours, got " +
                                std::to_string(colors));
  }
  if (picture.channels() != 3) {
    throw std::invalid_argument("[reduce_colors] expected a picture without alpha");
  }
  const auto count = std::size_t(colors);
  const std::vector<Colour> colours = histogram(picture);
  Palette palette;
  if (colours.size() <= count) {
    for (const Colour& colour : colours) palette.push_back(colour.rgb);
  } else {
    palette = choose(colours, count);
  }
  // Neighbours in lightness get neighbouring numbers and white comes first: smooth index pictures
  // compress better.
  std::sort(palette.begin(), palette.end(), [](const auto& a, const auto& b) {
    return lightness(a) != lightness(b) ? lightness(a) > lightness(b) : packed(a) > packed(b);
  });
  palette.erase(std::unique(palette.begin(), palette.end()), palette.end());

  const auto entry = nearest(colours, palette);
  PalettePicture out;
  out.palette.assign(count * 3, 0);
  for (std::size_t i = 0; i < palette.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) out.palette[3 * i + c] = std::uint8_t(palette[i][c]);
  }
  const auto bytes = picture.bytes();
  out.indices.resize(bytes.size() / 3);
  for (std::size_t i = 0; i < out.indices.size(); ++i) {
    const std::uint32_t value = packed(bytes.data() + 3 * i);
    const auto found =
        std::lower_bound(colours.begin(), colours.end(), value,
                         [](const Colour& c, std::uint32_t v) { return packed(c.rgb) < v; });
    out.indices[i] = entry[std::size_t(found - colours.begin())];
  }
  return out;
}

}  // namespace lacuna::preparation
