#include "runtime/preparation/prepare.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <set>

#include "fusion/training/shards/shard_set.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/preparation/data_error.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/mapped_file.h"
#include "tests/preparation/fixture.h"

namespace lacuna::preparation {
namespace {

namespace fs = std::filesystem;
using training::ShardSet;

const ByteTokenizer kText;

PrepareTokenizers tokenizers(vision::ImageTokenizer* pictures = nullptr) {
  return {.text = kText,
          .text_sha256 = training::sha256_hex("bytes"),
          .pictures = pictures,
          .pictures_sha256 = pictures ? training::sha256_hex("brightness") : std::string()};
}

PrepareOptions options(const fs::path& data, const fs::path& output) {
  PrepareOptions out;
  out.data = data;
  out.output = output;
  out.resolution = 16;
  out.text_length = 40;
  out.shard_size_mb = 1;
  out.threads = 2;
  return out;
}

TEST(Prepare, PixelsArriveUnchanged) {
  const Folder data, out;
  make_data(data.path(), 35, 16);
  const PrepareReport report = prepare(options(data.path(), out.path()), tokenizers());
  const ShardSet set = ShardSet::open(out.path(), training::ShardCheck::hashes);
  ASSERT_EQ(set.size(), 35);
  EXPECT_EQ(report.records, 35);
  EXPECT_EQ(report.split_counts, set.index().split_counts);
  EXPECT_EQ(set.layout().end_of_text, 256);
  EXPECT_FALSE(fs::exists(out.path() / "prepare-state.json"));
  std::set<std::string> captions;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const training::RecordInfo info = set.info(i);
    EXPECT_EQ(info.source_line, i + 2);
    EXPECT_EQ(set.index().labels.at(std::size_t(info.label)), "thing " + std::to_string(i % 11));
    EXPECT_EQ(set.index().styles.at(std::size_t(info.style)), i % 2 ? "flat" : "3d");
    EXPECT_EQ(info.weight, i % 2 ? 0.5f : 1.0f);
    const std::string caption = set.pieces().decode(set.caption(i, 0));
    std::vector<std::uint8_t> pixels(16 * 16 * 3);
    set.read_pixels(i, 0, pixels);
    if (i % 7 != 3) {
      const auto expected = gradient({16, 16}, int(i));
      EXPECT_TRUE(std::equal(pixels.begin(), pixels.end(), expected.bytes().begin())) << i;
      EXPECT_EQ(caption, std::string(i % 2 ? "flat" : "3d") + ": thing " + std::to_string(i % 11));
      continue;
    }
    // The mask's border is white, so full ink.
    const InkAndGround drawn = draw_colours(0, info.source_line, 0);
    const NamedColour& ink = kNamedColours[std::size_t(drawn.ink)];
    EXPECT_NE(caption.find(": " + std::string(ink.name) + " thing"), std::string::npos) << caption;
    EXPECT_NE(caption.find("on " + std::string(kNamedColours[std::size_t(drawn.ground)].name)),
              std::string::npos);
    EXPECT_EQ(pixels[0], ink.colour.r);
    EXPECT_EQ(pixels[1], ink.colour.g);
    EXPECT_EQ(pixels[2], ink.colour.b);
  }
  const std::string attribution =
      weights::read_regular_file(out.path() / "ATTRIBUTION.md", 100'000);
  EXPECT_TRUE(attribution.starts_with("# Made by a test\n"));
  EXPECT_NE(attribution.find("| set0 | MIT | 18 |"), std::string::npos) << attribution;
}

TEST(Prepare, EmojiMasksBecomeBlackOnWhite) {
  const Folder data, out;
  fs::create_directories(data.path() / "mask");
  vision::Image8 mask({16, 16}, 3, 0);
  mask.pixel(4, 5)[0] = mask.pixel(4, 5)[1] = mask.pixel(4, 5)[2] = 255;
  vision::write_image(data.path() / "mask/a.png", mask);
  weights::write_file_atomic(
      data.path() / "captions.tsv",
      std::string_view(
          "file\tlabel\tstyle\ttier\tset\nmask/a.png\tdot\tmonotone emoji\tmask\tx\n"));
  PrepareOptions o = options(data.path(), out.path());
  o.mask_copies = 5;
  prepare(o, tokenizers());
  const ShardSet set = ShardSet::open(out.path());
  ASSERT_EQ(set.size(), 1);
  EXPECT_EQ(set.pieces().decode(set.caption(0, 0)), "monotone emoji: dot");
  std::vector<std::uint8_t> pixels(16 * 16 * 3);
  set.read_pixels(0, 0, pixels);
  EXPECT_EQ(pixels[0], 255);
  EXPECT_EQ(pixels[3 * (4 * 16 + 5)], 0);
}

TEST(Prepare, PalettesSmallShardsAndCopies) {
  const Folder data, out;
  make_data(data.path(), 21, 20);  // resized
  PrepareOptions o = options(data.path(), out.path());
  o.palette_colors = 32;
  o.augment_copies = 3;
  o.mask_copies = 2;
  o.resolution = 128;
  const PrepareReport report = prepare(o, tokenizers());
  EXPECT_EQ(report.records, 21 + 3);  // three masks
  EXPECT_GT(report.shards, 1);
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(out.path())) {
    if (entry.path().extension() != ".safetensors") continue;
    EXPECT_LE(entry.file_size(), 1'000'000u);
    bytes += entry.file_size();
  }
  EXPECT_EQ(bytes, report.bytes);
  const ShardSet set = ShardSet::open(out.path());
  std::vector<std::uint8_t> first(128 * 128 * 3), second(first.size());
  double weight = 0;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const auto info = set.info(i);
    weight += double(info.weight);
    ASSERT_EQ(info.pictures, info.split == training::Split::train ? 3 : 1);
    set.read_pixels(i, 0, first);
    for (int p = 1; p < info.pictures; ++p) {
      set.read_pixels(i, p, second);
      EXPECT_NE(first, second);
    }
  }
  EXPECT_DOUBLE_EQ(weight, 11 * 1.0 + 10 * 0.5);  // copies of a mask share its weight
}

TEST(Prepare, TokensDoNotDependOnBatchOrThreads) {
  const Folder data, a, b;
  make_data(data.path(), 40, 16);
  BrightnessTokenizer pictures;
  PrepareOptions o = options(data.path(), a.path());
  o.augment_copies = 2;
  o.batch_size = 7;
  o.threads = 1;
  prepare(o, tokenizers(&pictures));
  o.output = b.path();
  o.batch_size = 64;
  o.threads = 3;
  prepare(o, tokenizers(&pictures));
  EXPECT_EQ(hashes(a.path()), hashes(b.path()));
  const ShardSet set = ShardSet::open(a.path());
  EXPECT_EQ(set.layout().code_count(), 16);
  EXPECT_EQ(set.layout().codebook_size, 64);
  std::vector<std::int32_t> codes(16);
  for (std::int64_t i = 0; i < set.size(); ++i) {
    if (i % 7 == 3) continue;
    const auto picture = vision::to_image(gradient({16, 16}, int(i)));
    const auto expected = pictures.encode(std::span(&picture, 1));
    set.read_codes(i, 0, codes);
    EXPECT_TRUE(std::equal(codes.begin(), codes.end(), expected[0].cells().begin())) << i;
  }
  o.resolution = 18;
  EXPECT_THROW(prepare(o, tokenizers(&pictures)), std::invalid_argument);
}

TEST(Prepare, BadPicturesAreLeftOutAndCounted) {
  const Folder data, out;
  make_data(data.path(), 30, 16);
  fs::remove(data.path() / "color/2.png");
  weights::write_file_atomic(data.path() / "color/5.png", std::string_view("no picture"));
  PrepareOptions o = options(data.path(), out.path());
  try {
    prepare(o, tokenizers());
    FAIL() << "two of 30 bad pictures are more than 1 %";
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("--max-bad-fraction"), std::string::npos) << message;
    EXPECT_NE(message.find("line 4 color/2.png"), std::string::npos) << message;
  }
  o.max_bad_fraction = 0.1;
  const PrepareReport report = prepare(o, tokenizers());
  EXPECT_EQ(report.records, 28);
  ASSERT_EQ(report.bad.size(), 2u);
  EXPECT_EQ(report.bad[0].line, 4);
  EXPECT_EQ(report.bad[1].file, "color/5.png");
  EXPECT_TRUE(fs::exists(out.path() / "bad-pictures.tsv"));
  EXPECT_EQ(ShardSet::open(out.path()).size(), 28);
}

TEST(Prepare, RefusesOtherOptionsUnlessAllowedToOverwrite) {
  const Folder data, out;
  make_data(data.path(), 12, 16);
  PrepareOptions o = options(data.path(), out.path());
  prepare(o, tokenizers());
  const auto before = hashes(out.path());
  const PrepareReport again = prepare(o, tokenizers());
  EXPECT_EQ(again.continued_rows, 12);
  EXPECT_EQ(again.records, 12);
  EXPECT_EQ(hashes(out.path()), before);

  o.resolution = 32;
  try {
    prepare(o, tokenizers());
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("resolution: 16 there, 32 now"), std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("--overwrite"), std::string::npos);
  }
  EXPECT_EQ(hashes(out.path()), before);
  o.overwrite = true;
  prepare(o, tokenizers());
  EXPECT_EQ(ShardSet::open(out.path()).layout().picture_height, 32);

  // Another table is another job too.
  o.overwrite = false;
  std::ofstream(data.path() / "captions.tsv", std::ios::app) << "\n";
  EXPECT_THROW(prepare(o, tokenizers()), DataError);
}

TEST(Prepare, SaysWhichFolderCannotBeUsed) {
  const Folder data, out;
  make_data(data.path(), 3, 16);
  weights::write_file_atomic(out.path() / "taken", std::string_view("a file"));
  EXPECT_THROW(prepare(options(data.path(), out.path() / "taken"), tokenizers()), weights::IoError);
  EXPECT_THROW(prepare(options(data.path() / "none", out.path()), tokenizers()), weights::IoError);
}

TEST(Prepare, RefusesBadOptions) {
  const Folder data, out;
  make_data(data.path(), 3, 16);
  const auto refused = [&](auto&& change) {
    PrepareOptions o = options(data.path(), out.path());
    change(o);
    EXPECT_THROW(prepare(o, tokenizers()), std::invalid_argument);
    EXPECT_TRUE(fs::is_empty(out.path()));
  };
  refused([](auto& o) { o.data.clear(); });
  refused([](auto& o) { o.output.clear(); });
  refused([](auto& o) { o.resolution = 0; });
  refused([](auto& o) { o.text_length = 1; });
  refused([](auto& o) { o.end_of_text = 257; });
  refused([](auto& o) { o.shard_size_mb = 0; });
  refused([](auto& o) { o.palette_colors = 1; });
  refused([](auto& o) { o.palette_colors = 300; });
  refused([](auto& o) { o.augment_copies = 0; });
  refused([](auto& o) { o.mask_copies = -1; });
  refused([](auto& o) { o.max_bad_fraction = 1.5; });
  refused([](auto& o) { o.max_bad_fraction = std::numeric_limits<double>::quiet_NaN(); });
  refused([](auto& o) { o.batch_size = 0; });
  refused([](auto& o) { o.selection.splits = {"test"}; });
  refused([](auto& o) { o.mix.label = 0.9; });
  refused([](auto& o) { o.resolution = 1024; });  // one row is larger than a shard
  PrepareOptions nothing_left = options(data.path(), out.path());
  nothing_left.selection.tiers = {"photo"};
  EXPECT_THROW(prepare(nothing_left, tokenizers()), DataError);
}

TEST(Prepare, WithARealTokenizer) {
  const Folder data, out;
  make_data(data.path(), 5, 16);
  PrepareOptions o = options(data.path(), out.path());
  o.tokenizer =
      fs::path(LACUNA_SOURCE_DIR) / "tests/golden/fixtures/tokenizer_sentencepiece/unigram_nfkc.model";
  cpu::ReferenceExecutor executor;
  run_prepare(o, executor);
  const ShardSet set = ShardSet::open(out.path(), training::ShardCheck::hashes);
  EXPECT_EQ(set.pieces().decode(set.caption(0, 0)), "3d: thing 0");
  EXPECT_EQ(training::sha256_of_file(out.path() / "tokenizer.model"), set.index().tokenizer_sha256);
}

}  // namespace
}  // namespace lacuna::preparation
