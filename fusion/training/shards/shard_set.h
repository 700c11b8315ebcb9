#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "fusion/training/shards/piece_table.h"
#include "fusion/training/shards/shard_file.h"
#include "fusion/training/shards/shard_index.h"

namespace lacuna::training {

/// How much `ShardSet::open` reads.
enum class ShardCheck {
  content,  ///< sizes, offsets and the range of every id and palette index
  hashes,   ///< also the SHA-256 of every file
};

/// What a record says apart from its pictures and captions.
struct RecordInfo {
  Split split = Split::train;
  /// Numbers in ShardIndex::labels and ShardIndex::styles.
  std::int32_t label = 0;
  std::int32_t style = 0;
  /// Relative sampling weight, 0 or more.
  float weight = 1.0f;
  std::int32_t source_line = 0;
  std::int32_t captions = 0;  ///< at least 1; the first is the main wording
  std::int32_t pictures = 0;  ///< at least 1; several are augmented copies of one
};

/// A folder of shards with random access to its records. Files are mapped, not read into memory.
/// Immutable after `open`, so several threads may read. Functions that take a record, caption or
/// picture number throw std::invalid_argument when it is out of range.
class ShardSet {
 public:
  /// Reads shards.json, pieces.json and every shard, and checks them against each other.
  /// Throws weights::IoError, weights::CheckpointError.
  static ShardSet open(const std::filesystem::path& folder, ShardCheck check = ShardCheck::content);

  const ShardIndex& index() const { return index_; }
  const ShardLayout& layout() const { return index_.layout; }
  const PieceTable& pieces() const { return pieces_; }
  /// Number of records.
  std::int64_t size() const { return std::int64_t(places_.size()); }
  /// Numbers of the records of one split, ascending.
  const std::vector<std::int64_t>& records_of(Split split) const {
    return by_split_[static_cast<std::size_t>(split)];
  }

  RecordInfo info(std::int64_t record) const;

  /// Probabilities of the record's captions; they add up to 1.
  std::span<const float> caption_probabilities(std::int64_t record) const;
  /// Text ids of one caption, without an end-of-text id; at most text_length - 1.
  std::span<const std::int32_t> caption(std::int64_t record, std::int32_t number) const;
  /// The caption whose share of [0, 1) holds `u`.
  std::int32_t pick_caption(std::int64_t record, double u) const;

  /// Fills `out` [H, W, 3] with RGB bytes; a palette is expanded. Pixel shards only.
  void read_pixels(std::int64_t record, std::int32_t picture, std::span<std::uint8_t> out) const;
  /// Fills `out` [h * w] with codes. Token shards only.
  void read_codes(std::int64_t record, std::int32_t picture, std::span<std::int32_t> out) const;

 private:
  struct Place {
    std::int32_t shard;
    std::int32_t row;
  };

  ShardSet() = default;
  const ShardFile& shard_of(std::int64_t record, std::int32_t& row) const;
  std::span<const std::byte> stored_picture(std::int64_t record, std::int32_t picture,
                                            PictureKind kind, std::size_t room,
                                            std::size_t expected,
                                            std::span<const std::byte>& palette) const;

  ShardIndex index_;
  PieceTable pieces_;
  std::vector<ShardFile> shards_;
  std::vector<Place> places_;
  std::array<std::vector<std::int64_t>, kSplitNames.size()> by_split_;
};

}  // namespace lacuna::training
