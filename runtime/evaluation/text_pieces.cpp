#include "runtime/evaluation/text_pieces.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "fusion/training/shards/piece_table.h"
#include "text/tokenizer_factory.h"

namespace lacuna::evaluation {
namespace {

/// The byte that "<0x41>" stands for, -1 for another piece.
int byte_of(const std::string& piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
  char* end = nullptr;
  const long value = std::strtol(piece.c_str() + 3, &end, 16);
  return end == piece.c_str() + 5 ? int(value) : -1;
}

}  // namespace

TextPieces TextPieces::open(const std::filesystem::path& folder) {
  TextPieces pieces;
  pieces.file_ = folder / training::PieceTable::kFileName;
  std::error_code ignored;
  const bool has_tokenizer = std::filesystem::exists(folder / "tokenizer.model", ignored) ||
                             std::filesystem::exists(folder / "tokenizer.json", ignored);
  if (!has_tokenizer && std::filesystem::exists(pieces.file_, ignored)) {
    training::PieceTable table = training::read_piece_table(folder);
    pieces.pieces_ = std::move(table.pieces);
    pieces.controls_ = std::move(table.controls);
    return pieces;
  }
  pieces.tokenizer_ = text::open_tokenizer(folder);
  for (std::int32_t id = 0; id < pieces.tokenizer_->size(); ++id) pieces.pieces_.push_back(pieces.tokenizer_->piece(id));
  return pieces;
}

std::vector<std::int32_t> TextPieces::encode(std::string_view text) const {
  if (tokenizer_) return tokenizer_->encode(text);
  std::array<std::int32_t, 256> ids;
  ids.fill(-1);
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    if (std::ranges::find(controls_, std::int32_t(id)) != controls_.end()) continue;
    const int byte = byte_of(pieces_[id]);
    if (byte < 0) {
      throw std::invalid_argument("[text_pieces] " + file_.string() + ": expected pieces of one byte each, got \"" + pieces_[id] +
                                  "\"; how this model cuts text into pieces is in the tokenizer that its shards were made "
                                  "with, put its tokenizer.model into the folder");
    }
    ids[std::size_t(byte)] = std::int32_t(id);
  }
  std::vector<std::int32_t> encoded;
  for (const char c : text) {
    const std::int32_t id = ids[std::uint8_t(c)];
    if (id < 0) {
      char shown[64];
      std::snprintf(shown, sizeof shown, "byte 0x%02X", unsigned(std::uint8_t(c)));
      throw std::invalid_argument("[text_pieces] " + file_.string() + ": expected a model that knows every byte of the text, this "
                                  "one was never shown " + shown + " of \"" + std::string(text) + "\"");
    }
    encoded.push_back(id);
  }
  return encoded;
}

std::string TextPieces::decode(std::span<const std::int32_t> ids) const {
  if (tokenizer_) return tokenizer_->decode_without_specials(ids);
  return training::PieceTable{pieces_, controls_}.decode(ids);
}

}  // namespace lacuna::evaluation
