#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lacuna::training {

/// The pieces of a text tokenizer, so that a program without the tokenizer's library can print
/// captions. Follows sentencepiece: U+2581 stands for a space, "<0x41>" for a byte.
struct PieceTable {
  static constexpr const char* kFileName = "pieces.json";

  /// Piece of each id.
  std::vector<std::string> pieces;
  /// Ids that print as nothing (unknown, begin and end of text, padding), ascending.
  std::vector<std::int32_t> controls;

  /// The text of `ids` without the space that a tokenizer puts in front. Ids outside the table
  /// print as "<id>".
  std::string decode(std::span<const std::int32_t> ids) const;

  bool operator==(const PieceTable&) const = default;
};

/// Reads `folder`/pieces.json. Throws weights::IoError, weights::CheckpointError.
PieceTable read_piece_table(const std::filesystem::path& folder);

/// Writes `folder`/pieces.json atomically. Throws weights::IoError; std::invalid_argument for a
/// piece that is not UTF-8.
void write_piece_table(const std::filesystem::path& folder, const PieceTable& table);

}  // namespace lacuna::training
