#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fusion/training/shards/piece_table.h"

namespace lacuna::training {

/// Text as two rows of ids, one to train on and one held out; models of text alone learn windows of it.
struct TokenStream {
  std::vector<std::int32_t> train, held_out;
  int vocabulary = 0;
  int end_of_text = 0;
  PieceTable pieces;

  /// A plain text file, byte by byte: one id for each byte value that occurs, in order, then one for end-of-text. Every
  /// tenth line is held out; of a file of fewer than 20 lines the last tenth.
  /// Throws weights::IoError; std::invalid_argument for a file too short to split.
  static TokenStream from_text(const std::filesystem::path& file);
  /// Main captions of a folder of shards (of pixels or codes), each followed by end-of-text; held out is val_cross.
  /// Throws as ShardSet::open; std::invalid_argument where nothing is held out.
  static TokenStream from_shards(const std::filesystem::path& folder);
  /// A folder is one of shards, anything else a text file.
  static TokenStream open(const std::filesystem::path& path);
};

}  // namespace lacuna::training
