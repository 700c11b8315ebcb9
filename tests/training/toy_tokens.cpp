#include "tests/training/toy_tokens.h"

#include <string>
#include <vector>

#include "fusion/training/shards/piece_table.h"
#include "fusion/training/shards/shard_writer.h"

namespace lacuna::training {

void write_toy_tokens(const std::filesystem::path& folder, int records, int grid) {
  std::filesystem::create_directories(folder);
  PieceTable pieces;
  pieces.pieces = {"<unk>", "<s>", "</s>"};
  pieces.controls = {0, 1, 2};
  ShardIndex index;
  index.styles = {"toy"};
  std::vector<ShardRecord> all;
  for (int i = 0; i < records; ++i) {
    pieces.pieces.push_back("\xE2\x96\x81thing" + std::to_string(i));
    index.labels.push_back("thing" + std::to_string(i));
    ShardRecord record;
    record.label = i;
    record.weight = float(1 + i % 3);
    record.split = i >= records - records / 5 ? Split::val_cross : Split::train;
    record.captions = {{{3 + i}, 0.75f}, {{3 + i, 3 + i, 3 + (i + 1) % records}, 0.25f}};
    for (int p = 0; p < 2; ++p) {
      ShardPicture picture;
      for (int c = 0; c < grid * grid; ++c) picture.codes.push_back((i * 5 + p + c * (1 + i % 3)) % 16);
      record.pictures.push_back(std::move(picture));
    }
    index.split_counts[std::size_t(record.split)]++;
    all.push_back(std::move(record));
  }
  ShardLayout& layout = index.layout;
  layout.kind = PictureKind::tokens;
  layout.picture_height = layout.picture_width = grid * 4;
  layout.code_height = layout.code_width = grid;
  layout.codebook_size = 16;
  layout.text_length = 5;
  layout.text_vocabulary = std::int32_t(pieces.pieces.size());
  layout.end_of_text = 2;
  index.tokenizer_sha256 = std::string(64, '0');
  index.image_tokenizer_sha256 = std::string(64, '1');
  index.shards = {write_shard(folder, shard_file_name(0), layout, all)};
  write_piece_table(folder, pieces);
  write_shard_index(folder, index);
}

}  // namespace lacuna::training
