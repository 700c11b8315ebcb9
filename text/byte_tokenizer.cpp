#include "text/byte_tokenizer.h"

#include <charconv>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json.h"
#include "runtime/weights/mapped_file.h"
#include "text/byte_alphabet.h"
#include "text/utf8.h"

namespace lacuna::text {
namespace {

using weights::CheckpointError;
using weights::Json;

constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;
constexpr std::size_t kMostPieces = 1024;

/// The byte that a piece like "<0x0A>" stands for, or -1.
int byte_of(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
  int value = -1;
  const auto [end, error] = std::from_chars(piece.data() + 3, piece.data() + 5, value, 16);
  return error == std::errc() && end == piece.data() + 5 ? value : -1;
}

const Json::Array& list(const Json& root, const char* key, const std::filesystem::path& path) {
  const Json* value = root.is_object() ? root.find(key) : nullptr;
  if (value == nullptr || !value->is_array()) {
    throw CheckpointError(path, "expected an object with the array \"" + std::string(key) + "\"");
  }
  return value->as_array();
}

[[noreturn]] void not_bytes(const std::filesystem::path& path) {
  throw CheckpointError(path, "\"pieces\": expected single bytes such as <0x41>, each once; the tokenizer that cut this model's "
                              "text has to be beside it (tokenizer.model) or be given with --tokenizer");
}

}  // namespace

ByteTokenizer ByteTokenizer::open(const std::filesystem::path& path) {
  Json root;
  try {
    root = Json::parse(weights::read_regular_file(path, kMaxFileBytes));
  } catch (const weights::JsonError& error) {
    throw CheckpointError(path, error.byte_offset(), error.what());
  }
  const Json::Array& pieces = list(root, "pieces", path);
  if (pieces.empty() || pieces.size() > kMostPieces) not_bytes(path);
  ByteTokenizer tokenizer;
  tokenizer.ids_.fill(-1);
  tokenizer.bytes_.assign(pieces.size(), -1);
  std::vector<bool> control(pieces.size(), false);
  for (const Json& id : list(root, "controls", path)) {
    if (!id.is_integer() || id.as_integer() < 0 || std::cmp_greater_equal(id.as_integer(), pieces.size())) {
      throw CheckpointError(path, "\"controls\": expected ids below " + std::to_string(pieces.size()) + ", got " +
                                      id.describe());
    }
    control[static_cast<std::size_t>(id.as_integer())] = true;
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    tokenizer.pieces_.push_back(pieces[i].is_string() ? pieces[i].as_string() : "");
    if (control[i]) continue;
    const int byte = byte_of(tokenizer.pieces_.back());
    if (byte < 0 || tokenizer.ids_[static_cast<std::size_t>(byte)] >= 0) not_bytes(path);
    tokenizer.bytes_[i] = byte;
    tokenizer.ids_[static_cast<std::size_t>(byte)] = static_cast<std::int32_t>(i);
  }
  return tokenizer;
}

std::vector<std::int32_t> ByteTokenizer::encode(std::string_view text) const {
  require_utf8(text, "ByteTokenizer::encode");
  std::vector<std::int32_t> ids;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (ids_[byte] < 0) {
      char shown[8];
      std::snprintf(shown, sizeof shown, "0x%02X", byte);
      throw std::invalid_argument("[ByteTokenizer::encode] expected bytes that the model's text had, got " +
                                  std::string(shown));
    }
    ids.push_back(ids_[byte]);
  }
  return ids;
}

std::string ByteTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string bytes;
  for (const std::int32_t id : ids) {
    piece(id);
    const int byte = bytes_[static_cast<std::size_t>(id)];
    if (byte >= 0) bytes += static_cast<char>(byte);
  }
  return lossy_utf8(bytes);
}

std::string ByteTokenizer::piece(std::int32_t id) const {
  if (id < 0 || id >= size()) {
    throw std::invalid_argument("[ByteTokenizer] expected an id in [0, " + std::to_string(size()) + "), got " +
                                std::to_string(id));
  }
  return pieces_[static_cast<std::size_t>(id)];
}

}  // namespace lacuna::text
