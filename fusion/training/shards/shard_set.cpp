#include "fusion/training/shards/shard_set.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "fusion/training/shards/sha256.h"
#include "runtime/weights/checkpoint_error.h"

namespace lacuna::training {
namespace {

using weights::CheckpointError;

void check_file(const std::filesystem::path& path, const ShardEntry& entry, ShardCheck check) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  // A missing file is reported by opening it.
  if (!error && size != entry.size) {
    throw CheckpointError(path, "expected " + std::to_string(entry.size) + " bytes, got " +
                                    std::to_string(size) + "; copy or prepare it again");
  }
  if (check == ShardCheck::hashes && sha256_of_file(path) != entry.sha256) {
    throw CheckpointError(path, "its SHA-256 is not the one in " +
                                    std::string(ShardIndex::kFileName) +
                                    "; copy or prepare it again");
  }
}

void check_number(const char* what, std::int64_t number, std::int64_t count) {
  if (number < 0 || number >= count) {
    throw std::invalid_argument("[ShardSet] expected a " + std::string(what) + " in [0, " +
                                std::to_string(count) + "), got " + std::to_string(number));
  }
}

}  // namespace

ShardSet ShardSet::open(const std::filesystem::path& folder, ShardCheck check) {
  ShardSet out;
  out.index_ = read_shard_index(folder);
  out.pieces_ = read_piece_table(folder);
  const ShardLayout& layout = out.index_.layout;
  if (out.pieces_.pieces.size() != std::size_t(layout.text_vocabulary)) {
    throw CheckpointError(folder / PieceTable::kFileName,
                          "expected " + std::to_string(layout.text_vocabulary) + " pieces, got " +
                              std::to_string(out.pieces_.pieces.size()));
  }
  out.shards_.reserve(out.index_.shards.size());
  for (const ShardEntry& entry : out.index_.shards) {
    const std::filesystem::path path = folder / entry.file;
    check_file(path, entry, check);
    const auto shard = std::int32_t(out.shards_.size());
    out.shards_.emplace_back(path, entry, layout, std::int64_t(out.index_.labels.size()),
                             std::int64_t(out.index_.styles.size()));
    for (std::int32_t row = 0; row < std::int32_t(entry.records); ++row) {
      out.by_split_[out.shards_.back().splits[std::size_t(row)]].push_back(out.size());
      out.places_.push_back({shard, row});
    }
  }
  for (std::size_t i = 0; i < kSplitNames.size(); ++i) {
    if (std::int64_t(out.by_split_[i].size()) != out.index_.split_counts[i]) {
      throw CheckpointError(folder / ShardIndex::kFileName,
                            "field \"splits." + std::string(kSplitNames[i]) + "\": says " +
                                std::to_string(out.index_.split_counts[i]) +
                                " records, the shards have " +
                                std::to_string(out.by_split_[i].size()));
    }
  }
  return out;
}

const ShardFile& ShardSet::shard_of(std::int64_t record, std::int32_t& row) const {
  check_number("record", record, size());
  const Place place = places_[std::size_t(record)];
  row = place.row;
  return shards_[std::size_t(place.shard)];
}

RecordInfo ShardSet::info(std::int64_t record) const {
  std::int32_t row = 0;
  const ShardFile& shard = shard_of(record, row);
  const auto r = std::size_t(row);
  return {.split = static_cast<Split>(shard.splits[r]),
          .label = shard.labels[r],
          .style = shard.styles[r],
          .weight = shard.weights[r],
          .source_line = shard.source_lines[r],
          .captions = shard.caption_start[r + 1] - shard.caption_start[r],
          .pictures = shard.picture_start[r + 1] - shard.picture_start[r]};
}

std::span<const float> ShardSet::caption_probabilities(std::int64_t record) const {
  std::int32_t row = 0;
  const ShardFile& shard = shard_of(record, row);
  const auto first = std::size_t(shard.caption_start[std::size_t(row)]);
  const auto last = std::size_t(shard.caption_start[std::size_t(row) + 1]);
  return std::span(shard.caption_probability).subspan(first, last - first);
}

std::span<const std::int32_t> ShardSet::caption(std::int64_t record, std::int32_t number) const {
  std::int32_t row = 0;
  const ShardFile& shard = shard_of(record, row);
  const std::int32_t first = shard.caption_start[std::size_t(row)];
  check_number("caption", number, shard.caption_start[std::size_t(row) + 1] - first);
  const auto v = std::size_t(first + number);
  const auto begin = std::size_t(shard.token_start[v]);
  return std::span(shard.tokens).subspan(begin, std::size_t(shard.token_start[v + 1]) - begin);
}

std::int32_t ShardSet::pick_caption(std::int64_t record, double u) const {
  const auto probabilities = caption_probabilities(record);
  double upto = 0;
  for (std::size_t i = 0; i + 1 < probabilities.size(); ++i) {
    upto += probabilities[i];
    if (u < upto) return std::int32_t(i);
  }
  return std::int32_t(probabilities.size()) - 1;
}

std::span<const std::byte> ShardSet::stored_picture(std::int64_t record, std::int32_t picture,
                                                    PictureKind kind, std::size_t room,
                                                    std::size_t expected,
                                                    std::span<const std::byte>& palette) const {
  if (layout().kind != kind) {
    throw std::invalid_argument(kind == PictureKind::pixels
                                    ? "[ShardSet] expected shards of pixels, these hold codes"
                                    : "[ShardSet] expected shards of codes, these hold pixels");
  }
  if (room != expected) {
    throw std::invalid_argument("[ShardSet] expected room for " + std::to_string(expected) +
                                " values, got " + std::to_string(room));
  }
  std::int32_t row = 0;
  const ShardFile& shard = shard_of(record, row);
  const std::int32_t first = shard.picture_start[std::size_t(row)];
  check_number("picture", picture, shard.picture_start[std::size_t(row) + 1] - first);
  palette = shard.palette(first + picture);
  return shard.picture(first + picture);
}

void ShardSet::read_pixels(std::int64_t record, std::int32_t picture,
                           std::span<std::uint8_t> out) const {
  const std::size_t area =
      std::size_t(layout().picture_height) * std::size_t(layout().picture_width);
  std::span<const std::byte> palette;
  const auto stored =
      stored_picture(record, picture, PictureKind::pixels, out.size(), area * 3, palette);
  if (layout().encoding == PixelEncoding::rgb) {
    std::memcpy(out.data(), stored.data(), stored.size());
    return;
  }
  for (std::size_t i = 0; i < area; ++i) {
    std::memcpy(out.data() + 3 * i, palette.data() + 3 * std::to_integer<std::size_t>(stored[i]),
                3);
  }
}

void ShardSet::read_codes(std::int64_t record, std::int32_t picture,
                          std::span<std::int32_t> out) const {
  std::span<const std::byte> none;
  const auto stored = stored_picture(record, picture, PictureKind::tokens, out.size(),
                                     std::size_t(layout().code_count()), none);
  if (id_dtype(layout().codebook_size) == graph::DType::i32) {
    std::memcpy(out.data(), stored.data(), stored.size());
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::int16_t code;
    std::memcpy(&code, stored.data() + 2 * i, sizeof code);
    out[i] = code;
  }
}

}  // namespace lacuna::training
