#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "fusion/training/shards/shard_index.h"

namespace lacuna::training {

/// One wording of a record's caption.
struct CaptionTokens {
  /// At most text_length - 1 ids in [0, text_vocabulary), no end-of-text id.
  std::vector<std::int32_t> ids;
  /// How often training draws it; the wordings of a record add up to 1.
  float probability = 0.0f;
};

/// One picture as a shard stores it: which fields are filled depends on the layout.
struct ShardPicture {
  /// RGB: [H, W, 3]. Palette: [H, W] of entries in `palette`.
  std::vector<std::uint8_t> pixels;
  /// Palette: [palette_colors, 3].
  std::vector<std::uint8_t> palette;
  /// Tokens: [h * w] codes in raster order.
  std::vector<std::int32_t> codes;
};

/// One row of the data: captions, and one picture or several augmented copies of it.
struct ShardRecord {
  Split split = Split::train;
  /// Numbers in ShardIndex::labels and ShardIndex::styles.
  std::int32_t label = 0;
  std::int32_t style = 0;
  /// Relative sampling weight, 0 or more.
  float weight = 1.0f;
  /// Line of the source table that the record came from, 1 for the first.
  std::int32_t source_line = 0;
  /// At least one; the first is the main wording, the one that samples and evaluation show.
  std::vector<CaptionTokens> captions;
  /// At least one.
  std::vector<ShardPicture> pictures;
};

/// Bytes that one picture takes in a shard.
std::uint64_t picture_bytes(const ShardLayout& layout);

/// Bytes that `record` takes in a shard, without the header. Counts its pictures and does not look
/// into them, so that shards can be planned before pictures are read.
std::uint64_t stored_bytes(const ShardLayout& layout, const ShardRecord& record);

/// Writes `records` (at least one) as `folder`/`file` atomically; equal records give equal bytes.
/// Throws std::invalid_argument when a record does not fit `layout`, weights::IoError.
ShardEntry write_shard(const std::filesystem::path& folder, const std::string& file,
                       const ShardLayout& layout, std::span<const ShardRecord> records);

/// "shard-00007.safetensors".
std::string shard_file_name(std::size_t number);

}  // namespace lacuna::training
