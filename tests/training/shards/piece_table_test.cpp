#include "fusion/training/shards/piece_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint_error.h"

namespace lacuna::training {
namespace {

const PieceTable kTable = {
    .pieces = {"<unk>", "</s>", "\xE2\x96\x81goat", "s", "<0xC3>", "<0xA9>", "\xE2\x96\x81"},
    .controls = {0, 1}};

TEST(PieceTable, DecodesSpacesBytesAndControls) {
  const std::vector<std::int32_t> ids = {2, 3, 6, 4, 5, 1, 1, 0, 2};
  EXPECT_EQ(kTable.decode(ids), "goats \xC3\xA9 goat");
  EXPECT_EQ(kTable.decode({}), "");
  const std::vector<std::int32_t> outside = {3, 99, -1};
  EXPECT_EQ(kTable.decode(outside), "s<99><-1>");
}

TEST(PieceTable, RoundTrip) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("lacuna_pieces_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  write_piece_table(folder, kTable);
  EXPECT_EQ(read_piece_table(folder), kTable);
  for (const char* bad :
       {R"({"pieces": ["a"], "controls": [1]})", R"({"pieces": ["a", "b"], "controls": [1, 0]})",
        R"({"pieces": [1], "controls": []})", R"({"controls": []})", "[]", ""}) {
    weights::write_file_atomic(folder / PieceTable::kFileName, std::string_view(bad));
    EXPECT_THROW(read_piece_table(folder), weights::CheckpointError) << bad;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lacuna::training
