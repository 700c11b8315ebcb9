#include "tests/training/toy_shards.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "fusion/training/shards/piece_table.h"
#include "fusion/training/shards/shard_writer.h"

namespace lacuna::training {
namespace {

struct Colour {
  const char* name;
  std::array<std::uint8_t, 3> rgb;
};
constexpr Colour kColours[] = {{"red", {220, 40, 40}}, {"green", {40, 170, 60}}, {"blue", {50, 70, 210}},
                               {"black", {20, 20, 20}}};
constexpr const char* kForms[] = {"square", "disc", "cross"};
constexpr const char* kStyles[] = {"plain", "outline"};

bool inside(int form, double x, double y, double size) {
  if (form == 0) return std::abs(x) < size && std::abs(y) < size;
  if (form == 1) return x * x + y * y < size * size;
  return (std::abs(x) < size / 3 && std::abs(y) < size) || (std::abs(y) < size / 3 && std::abs(x) < size);
}

std::vector<std::uint8_t> draw(int side, int form, int style, const Colour& colour, int variant) {
  std::vector<std::uint8_t> pixels;
  const double shift = 0.06 * (variant - 1);
  for (int row = 0; row < side; ++row) {
    for (int column = 0; column < side; ++column) {
      const double x = 2 * (column + 0.5) / side - 1 + shift, y = 2 * (row + 0.5) / side - 1 - shift;
      const bool ink = inside(form, x, y, 0.75) && !(style == 1 && inside(form, x, y, 0.45));
      for (int c = 0; c < 3; ++c) pixels.push_back(ink ? colour.rgb[std::size_t(c)] : 255);
    }
  }
  return pixels;
}

}  // namespace

void write_toy_shards(const std::filesystem::path& folder, const ToyOptions& options) {
  std::filesystem::create_directories(folder);
  PieceTable pieces;
  pieces.pieces = {"<unk>", "<s>", "</s>"};
  pieces.controls = {0, 1, 2};
  const auto piece = [&](const std::string& word) {
    const std::string spaced = "\xE2\x96\x81" + word;
    for (std::size_t i = 0; i < pieces.pieces.size(); ++i) {
      if (pieces.pieces[i] == spaced) return std::int32_t(i);
    }
    pieces.pieces.push_back(spaced);
    return std::int32_t(pieces.pieces.size() - 1);
  };
  ShardIndex index;
  std::vector<ShardRecord> records;
  for (int form = 0; form < 3; ++form) {
    for (int colour = 0; colour < 4; ++colour) {
      const std::string label = std::string(kColours[colour].name) + " " + kForms[form];
      index.labels.push_back(label);
      for (int style = 0; style < 2; ++style) {
        ShardRecord record;
        record.label = std::int32_t(index.labels.size() - 1);
        record.style = style;
        record.split = (record.label % 4 == 1 && style == 1) ? Split::val_cross : Split::train;
        record.source_line = std::int32_t(records.size() + 1);
        const std::int32_t words[] = {piece(std::string(kStyles[style]) + ":"), piece(kColours[colour].name),
                                      piece(kForms[form])};
        record.captions = {{{words[0], words[1], words[2]}, 0.6f}, {{words[1], words[2]}, 0.3f}, {{words[2]}, 0.1f}};
        for (int v = 0; v < options.variants; ++v) {
          ShardPicture picture;
          picture.pixels = draw(options.side, form, style, kColours[colour], v);
          record.pictures.push_back(std::move(picture));
        }
        index.split_counts[std::size_t(record.split)]++;
        records.push_back(std::move(record));
      }
    }
  }
  index.styles = {kStyles[0], kStyles[1]};
  index.layout.kind = PictureKind::pixels;
  index.layout.picture_height = index.layout.picture_width = options.side;
  index.layout.text_length = options.text_length;
  index.layout.text_vocabulary = std::int32_t(pieces.pieces.size());
  index.layout.end_of_text = 2;
  index.tokenizer_sha256 = std::string(64, '0');
  const auto half = std::ptrdiff_t(records.size() / 2);
  const std::vector<ShardRecord> first(records.begin(), records.begin() + half), second(records.begin() + half, records.end());
  index.shards = {write_shard(folder, shard_file_name(0), index.layout, first),
                  write_shard(folder, shard_file_name(1), index.layout, second)};
  write_piece_table(folder, pieces);
  write_shard_index(folder, index);
}

}  // namespace lacuna::training
