#include "runtime/vulkan/panels.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "fusion/graph/block_format.h"
#include "runtime/vulkan/narrow_weight.h"
#include "runtime/vulkan/weight_rows.h"

namespace lacuna::vulkan {
namespace {

using graph::DType;
using graph::WeightView;

std::int64_t whole(std::int64_t count, std::int64_t unit) { return (count + unit - 1) / unit; }

struct Axes {
  std::int64_t columns, channels, taps, quarters;

  explicit Axes(const graph::Shape& s)
      : columns(s[0]),
        channels(s.rank() == 4 ? s[1] : (s[0] > 0 ? s.elements() / s[0] : 0)),
        taps(s.rank() == 4 ? s[2] * s[3] : 1),
        quarters(whole(channels, 4) * taps) {}
};

/// Panels [first, first + count) of a weight with elements of type T.
template <typename T>
std::vector<std::byte> pack(const WeightView& weight, const Axes& a, std::int64_t first, std::int64_t count) {
  std::vector<std::byte> bytes(std::size_t(count * a.quarters * 4 * kPanelColumns) * sizeof(T));
  auto* to = reinterpret_cast<T*>(bytes.data());
  const std::byte* from = weight.bytes.data();
  const std::int64_t padded = whole(a.channels, 4) * 4, row = a.channels * a.taps;
  for (std::int64_t p = 0; p < count; ++p) {
    for (std::int64_t c = 0; c < kPanelColumns; ++c) {
      const std::int64_t column = (first + p) * kPanelColumns + c;
      if (column >= a.columns) break;
      for (std::int64_t channel = 0; channel < a.channels; ++channel) {
        for (std::int64_t tap = 0; tap < a.taps; ++tap) {
          const std::int64_t k = tap * padded + channel;
          std::memcpy(to + (p * a.quarters * 4 + k) * kPanelColumns + c,
                      from + std::size_t(column * row + channel * a.taps + tap) * sizeof(T), sizeof(T));
        }
      }
    }
  }
  return bytes;
}

int code_of(const WeightView& weight, std::int64_t column, std::int64_t k) {
  const std::int64_t block = column * (weight.shape[1] / graph::kBlock) + k / graph::kBlock, j = k % graph::kBlock;
  const std::byte* codes = weight.bytes.data() + std::size_t(block) * graph::block_bytes(weight.dtype);
  if (weight.dtype == DType::q8_0) return int(codes[j]);
  return int(codes[j % 16]) >> (j / 16 * 4) & 15;
}

std::vector<std::byte> pack_q8(const WeightView& weight, const Axes& a, std::int64_t first, std::int64_t count) {
  std::vector<std::byte> bytes(std::size_t(count * a.channels * kPanelColumns));
  for (std::int64_t p = 0; p < count; ++p) {
    for (std::int64_t c = 0; c < kPanelColumns && (first + p) * kPanelColumns + c < a.columns; ++c) {
      for (std::int64_t k = 0; k < a.channels; ++k) {
        bytes[std::size_t((p * a.channels + k) * kPanelColumns + c)] = std::byte(code_of(weight, (first + p) * kPanelColumns + c, k));
      }
    }
  }
  return bytes;
}

std::vector<std::byte> pack_q4(const WeightView& weight, const Axes& a, std::int64_t first, std::int64_t count) {
  std::vector<std::uint32_t> words(std::size_t(count * a.channels / 8 * kPanelColumns));
  for (std::int64_t p = 0; p < count; ++p) {
    for (std::int64_t c = 0; c < kPanelColumns && (first + p) * kPanelColumns + c < a.columns; ++c) {
      for (std::int64_t k = 0; k < a.channels; ++k) {
        const auto code = std::uint32_t(code_of(weight, (first + p) * kPanelColumns + c, k));
        words[std::size_t((p * a.channels + k) / 8 * kPanelColumns + c)] |= code << (k % 8 * 4);
      }
    }
  }
  const auto bytes = std::as_bytes(std::span(words));
  return {bytes.begin(), bytes.end()};
}

/// Factors of panels [first, first + count), for q4 with minima.
std::vector<float> pack_factors(const WeightView& weight, const Axes& a, std::int64_t first, std::int64_t count) {
  const bool minima = weight.dtype != DType::q8_0;
  const std::int64_t blocks = a.channels / graph::kBlock, width = kPanelColumns * (minima ? 2 : 1);
  std::vector<float> factors(std::size_t(count * blocks * width));
  for (std::int64_t p = 0; p < count; ++p) {
    for (std::int64_t c = 0; c < kPanelColumns && (first + p) * kPanelColumns + c < a.columns; ++c) {
      for (std::int64_t b = 0; b < blocks; ++b) {
        const auto from = std::size_t(((first + p) * kPanelColumns + c) * blocks + b);
        const float factor = graph::f32_from_f16_bits(weight.block_scale[from]);
        float* to = factors.data() + (p * blocks + b) * width + (minima ? c / 4 * 8 + c % 4 : c);
        to[0] = factor;
        // Exact, and so is what it is added to.
        if (minima) to[4] = weight.dtype == DType::q4_0 ? -8.0f * factor : graph::f32_from_f16_bits(weight.block_minimum[from]);
      }
    }
  }
  return factors;
}

std::vector<std::byte> pack_any(const WeightView& weight, const Axes& a, std::int64_t first, std::int64_t count) {
  if (weight.dtype == DType::q8_0) return pack_q8(weight, a, first, count);
  if (graph::is_block_quantised(weight.dtype)) return pack_q4(weight, a, first, count);
  switch (size_of(weight.dtype)) {
    case 4:
      return pack<std::uint32_t>(weight, a, first, count);
    case 2:
      return pack<std::uint16_t>(weight, a, first, count);
    default:
      return pack<std::uint8_t>(weight, a, first, count);
  }
}

DeviceWeight put_panels(WeightStore& store, const WeightView& w, std::uint64_t texel_limit) {
  const Axes axes(w.shape);
  DeviceWeight made;
  made.dtype = w.dtype;
  made.rows = axes.columns;
  made.width = axes.channels * axes.taps;
  const std::int64_t texels = std::max<std::int64_t>(1, axes.quarters * kPanelColumns), panels = whole(axes.columns, kPanelColumns);
  const std::size_t panel_bytes = w.dtype == DType::q8_0                 ? std::size_t(texels) * 4
                                  : graph::is_block_quantised(w.dtype) ? std::size_t(texels) * 2
                                                                       : std::size_t(texels) * 4 * size_of(w.dtype);
  // A piece at a time bounds the memory for the packed copy.
  constexpr std::int64_t kPieceBytes = std::int64_t{64} << 20;
  const auto most = std::max<std::int64_t>(
      1, std::min(std::int64_t(texel_limit) / texels, kPieceBytes / std::int64_t(std::max<std::size_t>(1, panel_bytes))));
  for (std::int64_t first = 0; first < panels; first += most) {
    const std::int64_t count = std::min(most, panels - first);
    for (WeightPart part : store.put_rows(pack_any(w, axes, first, count), count, panel_bytes)) {
      if (graph::is_block_quantised(w.dtype)) {
        part.factors = store.put(std::as_bytes(std::span<const float>(pack_factors(w, axes, first + part.first, part.rows))));
      }
      part.first = (first + part.first) * kPanelColumns;
      part.rows = std::min(part.rows * kPanelColumns, axes.columns - part.first);
      made.parts.push_back(std::move(part));
    }
  }
  if (w.dtype == DType::i8) made.row_scale = store.put(std::as_bytes(w.row_scale));
  return made;
}

}  // namespace

std::int64_t panel_quarters(const graph::Shape& shape) { return Axes(shape).quarters; }

std::shared_ptr<const DeviceWeight> panels_of(WeightStore& weights, const WeightStore::Source& source,
                                              const std::string& name, const graph::Shape& shape,
                                              std::uint64_t texel_limit) {
  return weights.form(source, name, shape, "panels",
                      [&](WeightStore& store, const WeightView& w) { return put_panels(store, w, texel_limit); });
}

std::shared_ptr<const DeviceWeight> coded_panels_of(WeightStore& weights, const WeightStore::Source& source,
                                                    const std::string& name, const graph::Shape& shape,
                                                    std::uint64_t texel_limit) {
  if (require_weight(*source, name, shape).dtype == DType::i8) return panels_of(weights, source, name, shape, texel_limit);
  return weights.form(source, name, shape, "coded panels", [&](WeightStore& store, const WeightView& w) {
    const CodedRows rows = coded_rows(w, 0, shape[0]);
    return put_panels(store, {DType::i8, shape, rows.codes, rows.scale}, texel_limit);
  });
}

std::string panel_suffix(DType dtype) {
  return dtype == DType::q4_0 || dtype == DType::q4_1 ? "q4" : std::string(name_of(dtype));
}

VkFormat texel_format(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return VK_FORMAT_R32G32B32A32_SFLOAT;
    case DType::f16:
      return VK_FORMAT_R16G16B16A16_SFLOAT;
    case DType::bf16:
      return VK_FORMAT_R16G16B16A16_UINT;
    case DType::i8:
    case DType::q8_0:
      return VK_FORMAT_R8G8B8A8_SINT;
    case DType::q4_0:
    case DType::q4_1:
      return VK_FORMAT_R32G32B32A32_UINT;
    default:
      throw std::logic_error("[vulkan] no texel format for " + std::string(name_of(dtype)));
  }
}

PanelCut cut_panels(const WeightPart& part, std::int64_t begin, std::int64_t end) {
  PanelCut cut{std::max(part.first, begin), std::min(part.first + part.rows, end)};
  const std::int64_t skipped = cut.begin - part.first, last = cut.end - part.first;
  cut.first_panel = skipped / kPanelColumns;
  cut.lead = skipped % kPanelColumns;
  cut.panels = (last + kPanelColumns - 1) / kPanelColumns - cut.first_panel;
  return cut;
}

int panels_at_a_time(std::int64_t panels) {
  // Wide tiles are faster by the column, as long as few of their columns are wasted.
  constexpr struct {
    int width;
    double cost;
  } kTiles[] = {{4, 4.0}, {2, 2.3}, {1, 1.3}};
  int best = 1;
  double least = 0.0;
  for (const auto& tile : kTiles) {
    const double cost = double(whole(panels, tile.width)) * tile.cost;
    if (least > 0.0 && cost >= least) continue;
    least = cost;
    best = tile.width;
  }
  return best;
}

}  // namespace lacuna::vulkan
