#include "fusion/training/shards/piece_table.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>

#include "runtime/weights/config_reader.h"
#include "runtime/weights/json_file.h"

namespace lacuna::training {
namespace {

using weights::Json;

constexpr std::string_view kSpace = "\xE2\x96\x81";
constexpr std::size_t kMaxPieces = std::size_t{1} << 24;
constexpr weights::JsonLimits kLimits = {
    .max_bytes = std::size_t{256} << 20, .max_depth = 4, .max_values = (std::size_t{1} << 25)};

// The byte that a piece like "<0x0A>" stands for, or -1.
int byte_of(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
  int value = -1;
  const auto [end, error] = std::from_chars(piece.data() + 3, piece.data() + 5, value, 16);
  return error == std::errc() && end == piece.data() + 5 ? value : -1;
}

}  // namespace

std::string PieceTable::decode(std::span<const std::int32_t> ids) const {
  std::string out;
  for (const std::int32_t id : ids) {
    if (id < 0 || std::size_t(id) >= pieces.size()) {
      out += "<" + std::to_string(id) + ">";
      continue;
    }
    if (std::binary_search(controls.begin(), controls.end(), id)) continue;
    std::string_view piece = pieces[std::size_t(id)];
    if (const int byte = byte_of(piece); byte >= 0) {
      out += static_cast<char>(byte);
      continue;
    }
    while (!piece.empty()) {
      if (piece.starts_with(kSpace)) {
        out += ' ';
        piece.remove_prefix(kSpace.size());
      } else {
        out += piece.front();
        piece.remove_prefix(1);
      }
    }
  }
  if (out.starts_with(' ')) out.erase(0, 1);
  return out;
}

PieceTable read_piece_table(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / PieceTable::kFileName;
  const Json json = weights::read_json_file(path, kLimits);
  weights::ConfigReader reader(json, path);
  PieceTable out;
  out.pieces = reader.strings("pieces", kMaxPieces);
  const auto last = std::int64_t(out.pieces.size()) - 1;
  for (const std::int64_t id :
       reader.integers("controls", 0, std::max<std::int64_t>(last, 0), kMaxPieces)) {
    out.controls.push_back(std::int32_t(id));
  }
  if (!std::is_sorted(out.controls.begin(), out.controls.end())) {
    reader.fail("controls", "expected ascending ids");
  }
  reader.finish();
  return out;
}

void write_piece_table(const std::filesystem::path& folder, const PieceTable& table) {
  Json pieces = Json::array();
  for (const std::string& piece : table.pieces) pieces.push_back(piece);
  Json controls = Json::array();
  for (const std::int32_t id : table.controls) controls.push_back(id);
  Json out = Json::object();
  out.set("controls", std::move(controls)).set("pieces", std::move(pieces));
  weights::write_json_file(folder / PieceTable::kFileName, out);
}

}  // namespace lacuna::training
