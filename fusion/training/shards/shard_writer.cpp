#include "fusion/training/shards/shard_writer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "fusion/training/shards/sha256.h"
#include "fusion/training/shards/shard_file.h"
#include "runtime/weights/safetensors_writer.h"

namespace lacuna::training {
namespace {

using graph::DType;

[[noreturn]] void refuse(std::size_t record, const std::string& message) {
  throw std::invalid_argument("[write_shard] record " + std::to_string(record) + ": " + message);
}

void check_ids(std::size_t record, const char* what, std::span<const std::int32_t> ids,
               std::int32_t count) {
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= count) {
      refuse(record, "expected " + std::string(what) + " in [0, " + std::to_string(count) +
                         "), got " + std::to_string(id));
    }
  }
}

void check_size(std::size_t record, const char* what, std::size_t got, std::size_t expected) {
  if (got != expected) {
    refuse(record,
           "expected " + std::to_string(expected) + " " + what + ", got " + std::to_string(got));
  }
}

void check_captions(const ShardLayout& layout, std::size_t number, const ShardRecord& record) {
  if (record.captions.empty()) refuse(number, "expected a caption, got none");
  double sum = 0;
  for (const CaptionTokens& caption : record.captions) {
    if (caption.ids.size() >= std::size_t(layout.text_length)) {
      refuse(number, "expected captions of at most " + std::to_string(layout.text_length - 1) +
                         " ids, got " + std::to_string(caption.ids.size()));
    }
    check_ids(number, "text ids", caption.ids, layout.text_vocabulary);
    if (!(caption.probability > 0.0f)) refuse(number, "a caption's probability is not above 0");
    sum += caption.probability;
  }
  if (std::abs(sum - 1.0) > kProbabilityTolerance) {
    refuse(number, "expected probabilities that add up to 1, got " + std::to_string(sum));
  }
}

void check_pictures(const ShardLayout& layout, std::size_t number, const ShardRecord& record) {
  if (record.pictures.empty()) refuse(number, "expected a picture, got none");
  const std::size_t area = std::size_t(layout.picture_height) * std::size_t(layout.picture_width);
  for (const ShardPicture& picture : record.pictures) {
    if (layout.kind == PictureKind::tokens) {
      check_size(number, "codes", picture.codes.size(), std::size_t(layout.code_count()));
      check_ids(number, "codes", picture.codes, layout.codebook_size);
    } else if (layout.encoding == PixelEncoding::rgb) {
      check_size(number, "bytes of pixels", picture.pixels.size(), area * 3);
    } else {
      check_size(number, "pixels", picture.pixels.size(), area);
      check_size(number, "bytes of palette", picture.palette.size(),
                 std::size_t(layout.palette_colors) * 3);
      const auto most = std::max_element(picture.pixels.begin(), picture.pixels.end());
      if (*most >= layout.palette_colors) {
        refuse(number, "a pixel names palette entry " + std::to_string(*most) + " of " +
                           std::to_string(layout.palette_colors));
      }
    }
  }
}

void check_record(const ShardLayout& layout, std::size_t number, const ShardRecord& record) {
  if (static_cast<std::size_t>(record.split) >= kSplitNames.size()) refuse(number, "unknown split");
  if (record.label < 0 || record.style < 0) refuse(number, "a label or style number is negative");
  if (!std::isfinite(record.weight) || record.weight < 0.0f) {
    refuse(number, "expected a weight of 0 or more, got " + std::to_string(record.weight));
  }
  check_captions(layout, number, record);
  check_pictures(layout, number, record);
}

/// Columns of all tensors of a shard, gathered before anything is written.
struct Columns {
  std::vector<float> weight, caption_probability;
  std::vector<std::int32_t> label, style, source_line, caption_start{0}, token_start{0},
      picture_start{0}, tokens, codes;
  std::vector<std::uint8_t> split, pixels, palettes;
};

Columns gather(const ShardLayout& layout, std::span<const ShardRecord> records) {
  Columns out;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const ShardRecord& record = records[i];
    check_record(layout, i, record);
    out.split.push_back(static_cast<std::uint8_t>(record.split));
    out.label.push_back(record.label);
    out.style.push_back(record.style);
    out.weight.push_back(record.weight);
    out.source_line.push_back(record.source_line);
    for (const CaptionTokens& caption : record.captions) {
      out.caption_probability.push_back(caption.probability);
      out.tokens.insert(out.tokens.end(), caption.ids.begin(), caption.ids.end());
      out.token_start.push_back(std::int32_t(out.tokens.size()));
    }
    out.caption_start.push_back(std::int32_t(out.caption_probability.size()));
    for (const ShardPicture& picture : record.pictures) {
      out.pixels.insert(out.pixels.end(), picture.pixels.begin(), picture.pixels.end());
      out.palettes.insert(out.palettes.end(), picture.palette.begin(), picture.palette.end());
      out.codes.insert(out.codes.end(), picture.codes.begin(), picture.codes.end());
    }
    out.picture_start.push_back(out.picture_start.back() + std::int32_t(record.pictures.size()));
  }
  if (out.tokens.size() > std::size_t(std::numeric_limits<std::int32_t>::max())) {
    throw std::invalid_argument("[write_shard] expected fewer than 2^31 text ids in one shard");
  }
  return out;
}

/// Tensors in the order of their data, wide types first.
class TensorList {
 public:
  template <typename T>
  void add(std::string_view name, DType dtype, graph::Shape shape, const std::vector<T>& data) {
    specs_.push_back({std::string(name), dtype, std::move(shape)});
    data_.push_back(std::as_bytes(std::span(data)));
  }
  void add_ids(std::string_view name, DType dtype, graph::Shape shape,
               const std::vector<std::int32_t>& ids, std::vector<std::int16_t>& narrowed) {
    if (dtype == DType::i32) return add(name, dtype, std::move(shape), ids);
    narrowed.assign(ids.begin(), ids.end());
    add(name, dtype, std::move(shape), narrowed);
  }
  void write(const std::filesystem::path& path) const {
    weights::SafetensorsWriter writer(path, specs_, {{"format", "lacuna-shard"}});
    for (const auto bytes : data_) writer.write(bytes);
    writer.finish();
  }

 private:
  std::vector<weights::TensorSpec> specs_;
  std::vector<std::span<const std::byte>> data_;
};

}  // namespace

std::string shard_file_name(std::size_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 5) digits.insert(0, 5 - digits.size(), '0');
  return "shard-" + digits + ".safetensors";
}

std::uint64_t picture_bytes(const ShardLayout& layout) {
  const auto area = std::uint64_t(layout.picture_height) * std::uint64_t(layout.picture_width);
  if (layout.kind == PictureKind::tokens) {
    return std::uint64_t(layout.code_count()) * size_of(id_dtype(layout.codebook_size));
  }
  if (layout.encoding == PixelEncoding::rgb) return area * 3;
  return area + std::uint64_t(layout.palette_colors) * 3;
}

std::uint64_t stored_bytes(const ShardLayout& layout, const ShardRecord& record) {
  std::uint64_t out = 1 + 4 * 6;
  const std::uint64_t id_bytes = size_of(id_dtype(layout.text_vocabulary));
  for (const CaptionTokens& caption : record.captions) out += 8 + id_bytes * caption.ids.size();
  out += picture_bytes(layout) * record.pictures.size();
  return out;
}

ShardEntry write_shard(const std::filesystem::path& folder, const std::string& file,
                       const ShardLayout& layout, std::span<const ShardRecord> records) {
  layout.validate();
  if (records.empty()) throw std::invalid_argument("[write_shard] expected a record, got none");
  const Columns columns = gather(layout, records);
  const auto count = std::int64_t(records.size());
  const auto captions = std::int64_t(columns.caption_probability.size());
  const std::int64_t pictures = columns.picture_start.back();

  TensorList tensors;
  std::vector<std::int16_t> short_tokens, short_codes;
  tensors.add(tensor::kWeight, DType::f32, {count}, columns.weight);
  tensors.add(tensor::kLabel, DType::i32, {count}, columns.label);
  tensors.add(tensor::kStyle, DType::i32, {count}, columns.style);
  tensors.add(tensor::kSourceLine, DType::i32, {count}, columns.source_line);
  tensors.add(tensor::kCaptionStart, DType::i32, {count + 1}, columns.caption_start);
  tensors.add(tensor::kCaptionProbability, DType::f32, {captions}, columns.caption_probability);
  tensors.add(tensor::kTokenStart, DType::i32, {captions + 1}, columns.token_start);
  tensors.add(tensor::kPictureStart, DType::i32, {count + 1}, columns.picture_start);
  tensors.add_ids(tensor::kTokens, id_dtype(layout.text_vocabulary),
                  {std::int64_t(columns.tokens.size())}, columns.tokens, short_tokens);
  if (layout.kind == PictureKind::tokens) {
    tensors.add_ids(tensor::kCodes, id_dtype(layout.codebook_size), {pictures, layout.code_count()},
                    columns.codes, short_codes);
  } else if (layout.encoding == PixelEncoding::rgb) {
    tensors.add(tensor::kPixels, DType::u8,
                {pictures, layout.picture_height, layout.picture_width, 3}, columns.pixels);
  } else {
    tensors.add(tensor::kPalettes, DType::u8, {pictures, layout.palette_colors, 3},
                columns.palettes);
    tensors.add(tensor::kIndices, DType::u8,
                {pictures, layout.picture_height, layout.picture_width}, columns.pixels);
  }
  tensors.add(tensor::kSplit, DType::u8, {count}, columns.split);
  tensors.write(folder / file);

  const std::filesystem::path path = folder / file;
  return {file, sha256_of_file(path), std::filesystem::file_size(path), count, pictures};
}

}  // namespace lacuna::training
