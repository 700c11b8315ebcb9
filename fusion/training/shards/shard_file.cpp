#include "fusion/training/shards/shard_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "runtime/weights/checkpoint_error.h"

namespace lacuna::training {
namespace {

using graph::DType;
using graph::Shape;
using weights::SafetensorsEntry;

constexpr std::size_t kMaxTensors = 64;

const SafetensorsEntry* find(const weights::SafetensorsFile& file, std::string_view name) {
  for (const SafetensorsEntry& entry : file.header().entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

void ShardFile::fail(std::string_view name, const std::string& message) const {
  const SafetensorsEntry* entry = find(file_, name);
  const std::string text = "tensor \"" + std::string(name) + "\": " + message;
  if (entry == nullptr) throw weights::CheckpointError(file_.path(), text);
  throw weights::CheckpointError(file_.path(), entry->offset, text);
}

const SafetensorsEntry& ShardFile::entry_of(std::string_view name, DType dtype,
                                            const Shape& shape) const {
  const SafetensorsEntry* entry = find(file_, name);
  if (entry == nullptr) fail(name, "missing; is this a shard of another kind?");
  if (entry->dtype != dtype || entry->shape != shape) {
    fail(name, "expected " + std::string(name_of(dtype)) + " " + shape.to_string() + ", got " +
                   std::string(name_of(entry->dtype)) + " " + entry->shape.to_string());
  }
  return *entry;
}

std::int64_t ShardFile::length_of(std::string_view name) const {
  const SafetensorsEntry* entry = find(file_, name);
  if (entry == nullptr) fail(name, "missing; is this a shard of another kind?");
  if (entry->shape.rank() != 1) fail(name, "expected one axis, got " + entry->shape.to_string());
  return entry->shape[0];
}

template <typename T>
std::vector<T> ShardFile::column(std::string_view name, DType dtype, std::int64_t count) const {
  const auto bytes = file_.bytes(entry_of(name, dtype, {count}));
  std::vector<T> out(static_cast<std::size_t>(count));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

std::vector<std::int32_t> ShardFile::ids(std::string_view name, DType dtype,
                                         std::int64_t count) const {
  if (dtype == DType::i32) return column<std::int32_t>(name, dtype, count);
  const auto narrow = column<std::int16_t>(name, dtype, count);
  return {narrow.begin(), narrow.end()};
}

void ShardFile::check_starts(std::string_view name, const std::vector<std::int32_t>& starts,
                             std::int64_t end, std::int32_t at_least) const {
  if (starts.front() != 0 || starts.back() != end) {
    fail(name, "expected offsets from 0 to " + std::to_string(end) + ", got " +
                   std::to_string(starts.front()) + " to " + std::to_string(starts.back()));
  }
  for (std::size_t i = 1; i < starts.size(); ++i) {
    if (std::int64_t(starts[i]) - starts[i - 1] < at_least) {
      fail(name, "offset " + std::to_string(i) + " is " + std::to_string(starts[i]) + " after " +
                     std::to_string(starts[i - 1]) + ", expected at least " +
                     std::to_string(at_least) + " more");
    }
  }
}

void ShardFile::check_range(std::string_view name, std::span<const std::int32_t> values,
                            std::int64_t count) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] >= count) {
      fail(name, "expected values in [0, " + std::to_string(count) + "), got " +
                     std::to_string(values[i]) + " at " + std::to_string(i));
    }
  }
}

void ShardFile::check_captions(const ShardLayout& layout) const {
  for (std::size_t i = 1; i < token_start.size(); ++i) {
    if (token_start[i] - token_start[i - 1] >= layout.text_length) {
      fail(tensor::kTokenStart, "caption " + std::to_string(i - 1) + " has " +
                                    std::to_string(token_start[i] - token_start[i - 1]) +
                                    " ids, expected at most " +
                                    std::to_string(layout.text_length - 1));
    }
  }
  for (std::size_t r = 0; r + 1 < caption_start.size(); ++r) {
    double sum = 0;
    for (std::int32_t v = caption_start[r]; v < caption_start[r + 1]; ++v) {
      const float p = caption_probability[std::size_t(v)];
      if (!(p > 0.0f)) fail(tensor::kCaptionProbability, "expected values above 0");
      sum += p;
    }
    if (!(std::abs(sum - 1.0) <= kProbabilityTolerance)) {
      fail(tensor::kCaptionProbability,
           "record " + std::to_string(r) + ": expected a sum of 1, got " + std::to_string(sum));
    }
  }
}

void ShardFile::check_pictures(const ShardLayout& layout, std::int64_t pictures) {
  const std::int64_t height = layout.picture_height, width = layout.picture_width;
  if (layout.kind == PictureKind::tokens) {
    const DType dtype = id_dtype(layout.codebook_size);
    pictures_ = file_.bytes(entry_of(tensor::kCodes, dtype, {pictures, layout.code_count()}));
    picture_bytes_ = std::size_t(layout.code_count()) * size_of(dtype);
    // A picture at a time, so that checking does not copy the whole shard.
    std::vector<std::int32_t> codes(static_cast<std::size_t>(layout.code_count()));
    for (std::int64_t n = 0; n < pictures; ++n) {
      const auto bytes = picture(n);
      if (dtype == DType::i32) {
        std::memcpy(codes.data(), bytes.data(), bytes.size());
      } else {
        for (std::size_t i = 0; i < codes.size(); ++i) {
          std::int16_t code;
          std::memcpy(&code, bytes.data() + 2 * i, 2);
          codes[i] = code;
        }
      }
      check_range(tensor::kCodes, codes, layout.codebook_size);
    }
  } else if (layout.encoding == PixelEncoding::rgb) {
    pictures_ = file_.bytes(entry_of(tensor::kPixels, DType::u8, {pictures, height, width, 3}));
    picture_bytes_ = std::size_t(height * width * 3);
  } else {
    const std::int64_t colors = layout.palette_colors;
    pictures_ = file_.bytes(entry_of(tensor::kIndices, DType::u8, {pictures, height, width}));
    picture_bytes_ = std::size_t(height * width);
    palettes_ = file_.bytes(entry_of(tensor::kPalettes, DType::u8, {pictures, colors, 3}));
    palette_bytes_ = std::size_t(colors * 3);
    const auto outside = std::find_if(pictures_.begin(), pictures_.end(), [&](std::byte index) {
      return std::to_integer<std::int64_t>(index) >= colors;
    });
    if (outside != pictures_.end()) {
      fail(tensor::kIndices, "expected values in [0, " + std::to_string(colors) + "), got " +
                                 std::to_string(std::to_integer<int>(*outside)));
    }
  }
}

ShardFile::ShardFile(const std::filesystem::path& path, const ShardEntry& entry,
                     const ShardLayout& layout, std::int64_t label_count, std::int64_t style_count)
    : file_(path, {.max_tensors = kMaxTensors}) {
  const std::int64_t count = entry.records;
  splits = column<std::uint8_t>(tensor::kSplit, DType::u8, count);
  for (const std::uint8_t split : splits) {
    if (split >= kSplitNames.size()) {
      fail(tensor::kSplit, "expected 0, 1 or 2, got " + std::to_string(split));
    }
  }
  weights = column<float>(tensor::kWeight, DType::f32, count);
  for (const float weight : weights) {
    if (!std::isfinite(weight) || weight < 0.0f) {
      fail(tensor::kWeight, "expected finite values of 0 or more, got " + std::to_string(weight));
    }
  }
  labels = column<std::int32_t>(tensor::kLabel, DType::i32, count);
  check_range(tensor::kLabel, labels, label_count);
  styles = column<std::int32_t>(tensor::kStyle, DType::i32, count);
  check_range(tensor::kStyle, styles, style_count);
  source_lines = column<std::int32_t>(tensor::kSourceLine, DType::i32, count);

  const std::int64_t captions = length_of(tensor::kCaptionProbability);
  caption_probability = column<float>(tensor::kCaptionProbability, DType::f32, captions);
  caption_start = column<std::int32_t>(tensor::kCaptionStart, DType::i32, count + 1);
  check_starts(tensor::kCaptionStart, caption_start, captions, 1);
  const std::int64_t text_ids = length_of(tensor::kTokens);
  token_start = column<std::int32_t>(tensor::kTokenStart, DType::i32, captions + 1);
  check_starts(tensor::kTokenStart, token_start, text_ids, 0);
  tokens = ids(tensor::kTokens, id_dtype(layout.text_vocabulary), text_ids);
  check_range(tensor::kTokens, tokens, layout.text_vocabulary);
  check_captions(layout);

  picture_start = column<std::int32_t>(tensor::kPictureStart, DType::i32, count + 1);
  check_starts(tensor::kPictureStart, picture_start, entry.pictures, 1);
  check_pictures(layout, entry.pictures);
}

std::span<const std::byte> ShardFile::picture(std::int64_t number) const {
  return pictures_.subspan(std::size_t(number) * picture_bytes_, picture_bytes_);
}

std::span<const std::byte> ShardFile::palette(std::int64_t number) const {
  return palettes_.subspan(std::size_t(number) * palette_bytes_, palette_bytes_);
}

}  // namespace lacuna::training
