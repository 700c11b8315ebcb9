#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/weights/json.h"

namespace lacuna::training {

/// What a shard holds of a picture.
enum class PictureKind { pixels, tokens };

/// How pixels are stored: RGB bytes, or a palette of at most 256 colours per picture with one byte
/// a pixel (a third of the space, and it compresses far better).
enum class PixelEncoding { rgb, palette };

/// Which part of the data a record belongs to.
enum class Split : std::uint8_t { train = 0, val_cross = 1, val_concept = 2 };
inline constexpr std::array<std::string_view, 3> kSplitNames = {"train", "val_cross",
                                                                "val_concept"};

/// "train", "val_cross" or "val_concept".
std::string_view name_of(Split split);
/// The split of that name, if it is one.
std::optional<Split> split_from_name(std::string_view name);

/// Sizes and ranges that all shards of a set share.
struct ShardLayout {
  PictureKind kind = PictureKind::pixels;
  /// Pixels only.
  PixelEncoding encoding = PixelEncoding::rgb;
  /// Palette encoding only: entries of each palette, 2 to 256.
  int palette_colors = 0;
  /// In pixels, also of the pictures that codes were made from.
  int picture_height = 0;
  int picture_width = 0;
  /// Tokens only: rows and columns of codes, each code in [0, codebook_size).
  int code_height = 0;
  int code_width = 0;
  int codebook_size = 0;
  /// A caption has at most text_length - 1 ids in [0, text_vocabulary), so that the end-of-text id
  /// still fits behind it in text_length positions.
  int text_length = 0;
  int text_vocabulary = 0;
  int end_of_text = 0;

  /// Codes of one picture.
  int code_count() const { return code_height * code_width; }
  /// Throws std::invalid_argument naming the field that is out of range.
  void validate() const;
  bool operator==(const ShardLayout&) const = default;
};

/// One shard file of a set.
struct ShardEntry {
  std::string file;    ///< name in the folder of the index
  std::string sha256;  ///< of the file, 64 hexadecimal digits
  std::uint64_t size = 0;
  std::int64_t records = 0;
  std::int64_t pictures = 0;
  bool operator==(const ShardEntry&) const = default;
};

/// What `shards.json` says: the table of contents of a folder of shards.
struct ShardIndex {
  static constexpr std::string_view kFileName = "shards.json";

  ShardLayout layout;
  /// SHA-256 of tokenizer.model, and of the image tokenizer's weights (empty for pixels).
  std::string tokenizer_sha256;
  std::string image_tokenizer_sha256;
  /// Names that the records' label and style numbers stand for.
  std::vector<std::string> labels;
  std::vector<std::string> styles;
  std::vector<ShardEntry> shards;
  /// Records by split, in the order of kSplitNames.
  std::array<std::int64_t, kSplitNames.size()> split_counts{};
  /// The settings the set was made with, for people and for resuming; an object, not interpreted
  /// here.
  weights::Json settings = weights::Json::object();

  std::int64_t records() const;
  std::int64_t pictures() const;
};

/// Reads `folder`/shards.json and checks every field; the shards themselves are not opened.
/// Throws weights::IoError, weights::CheckpointError.
ShardIndex read_shard_index(const std::filesystem::path& folder);

/// Writes `folder`/shards.json atomically. Throws std::invalid_argument for a layout that is not
/// valid, weights::IoError.
void write_shard_index(const std::filesystem::path& folder, const ShardIndex& index);

/// One entry as JSON and back, as it stands in shards.json. `file` is for messages.
weights::Json to_json(const ShardEntry& entry);
ShardEntry shard_entry_from_json(const weights::Json& json, const std::filesystem::path& file);

}  // namespace lacuna::training
