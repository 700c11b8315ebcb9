#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <set>

#include "fusion/training/shards/sha256.h"
#include "fusion/training/shards/shard_set.h"
#include "fusion/training/shards/shard_writer.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/mapped_file.h"
#include "runtime/weights/safetensors_writer.h"

namespace lacuna::training {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    static int number = 0;
    path_ = fs::temp_directory_path() /
            ("lacuna_shards_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

constexpr int kVocabulary = 50;
constexpr int kLabels = 7;
constexpr int kStyles = 3;

ShardLayout pixel_layout(PixelEncoding encoding) {
  ShardLayout out;
  out.encoding = encoding;
  out.palette_colors = encoding == PixelEncoding::palette ? 5 : 0;
  out.picture_height = 3;
  out.picture_width = 7;
  out.text_length = 9;
  out.text_vocabulary = kVocabulary;
  out.end_of_text = 2;
  return out;
}

ShardLayout token_layout(int codebook) {
  ShardLayout out = pixel_layout(PixelEncoding::rgb);
  out.kind = PictureKind::tokens;
  out.code_height = 1;
  out.code_width = 5;
  out.codebook_size = codebook;
  return out;
}

std::vector<ShardRecord> random_records(const ShardLayout& layout, int count, unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return int(random() % unsigned(n)); };
  const int area = layout.picture_height * layout.picture_width;
  std::vector<ShardRecord> out;
  for (int i = 0; i < count; ++i) {
    ShardRecord record;
    record.split = static_cast<Split>(below(3));
    record.label = below(kLabels);
    record.style = below(kStyles);
    record.weight = float(below(8)) / 4;
    record.source_line = i + 2;
    const int captions = 1 + below(4);
    for (int c = 0; c < captions; ++c) {
      CaptionTokens caption{.ids = {}, .probability = 1.0f / float(captions)};
      for (int n = below(layout.text_length); n > 0; --n) {
        caption.ids.push_back(below(layout.text_vocabulary));
      }
      record.captions.push_back(caption);
    }
    for (int p = 1 + below(3); p > 0; --p) {
      ShardPicture picture;
      if (layout.kind == PictureKind::tokens) {
        for (int k = 0; k < layout.code_count(); ++k) {
          picture.codes.push_back(below(layout.codebook_size));
        }
      } else if (layout.encoding == PixelEncoding::rgb) {
        for (int k = 0; k < area * 3; ++k) picture.pixels.push_back(std::uint8_t(below(256)));
      } else {
        for (int k = 0; k < area; ++k) {
          picture.pixels.push_back(std::uint8_t(below(layout.palette_colors)));
        }
        for (int k = 0; k < layout.palette_colors * 3; ++k) {
          picture.palette.push_back(std::uint8_t(below(256)));
        }
      }
      record.pictures.push_back(picture);
    }
    out.push_back(record);
  }
  return out;
}

std::vector<std::string> names(const char* stem, int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(stem + std::to_string(i));
  return out;
}

/// Writes the records into two shards and everything beside them.
void write_set(const fs::path& folder, const ShardLayout& layout,
               const std::vector<ShardRecord>& records) {
  PieceTable pieces;
  pieces.pieces = names("piece", layout.text_vocabulary);
  write_piece_table(folder, pieces);
  ShardIndex index;
  index.layout = layout;
  index.tokenizer_sha256 = sha256_hex("text");
  index.image_tokenizer_sha256 =
      layout.kind == PictureKind::tokens ? sha256_hex("pictures") : std::string();
  index.labels = names("label", kLabels);
  index.styles = names("style", kStyles);
  const std::size_t half = records.size() / 2;
  const std::span all(records);
  index.shards.push_back(write_shard(folder, shard_file_name(0), layout, all.first(half)));
  index.shards.push_back(write_shard(folder, shard_file_name(1), layout, all.subspan(half)));
  for (const ShardRecord& record : records) ++index.split_counts[std::size_t(record.split)];
  index.settings.set("seed", 3);
  write_shard_index(folder, index);
}

void expect_equal(const ShardSet& set, const std::vector<ShardRecord>& records) {
  const ShardLayout& layout = set.layout();
  ASSERT_EQ(set.size(), std::int64_t(records.size()));
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const ShardRecord& record = records[std::size_t(i)];
    const RecordInfo info = set.info(i);
    EXPECT_EQ(info.split, record.split);
    EXPECT_EQ(info.label, record.label);
    EXPECT_EQ(info.style, record.style);
    EXPECT_EQ(info.weight, record.weight);
    EXPECT_EQ(info.source_line, record.source_line);
    ASSERT_EQ(info.captions, std::int32_t(record.captions.size()));
    ASSERT_EQ(info.pictures, std::int32_t(record.pictures.size()));
    for (std::int32_t c = 0; c < info.captions; ++c) {
      const auto ids = set.caption(i, c);
      EXPECT_EQ(std::vector<std::int32_t>(ids.begin(), ids.end()),
                record.captions[std::size_t(c)].ids);
      EXPECT_EQ(set.caption_probabilities(i)[std::size_t(c)],
                record.captions[std::size_t(c)].probability);
    }
    for (std::int32_t p = 0; p < info.pictures; ++p) {
      const ShardPicture& picture = record.pictures[std::size_t(p)];
      if (layout.kind == PictureKind::tokens) {
        std::vector<std::int32_t> codes(std::size_t(layout.code_count()));
        set.read_codes(i, p, codes);
        EXPECT_EQ(codes, picture.codes);
        continue;
      }
      std::vector<std::uint8_t> expected = picture.pixels;
      if (layout.encoding == PixelEncoding::palette) {
        expected.clear();
        for (const std::uint8_t entry : picture.pixels) {
          for (int c = 0; c < 3; ++c) expected.push_back(picture.palette[entry * 3u + unsigned(c)]);
        }
      }
      std::vector<std::uint8_t> pixels(expected.size());
      set.read_pixels(i, p, pixels);
      EXPECT_EQ(pixels, expected);
    }
  }
}

std::vector<ShardLayout> all_layouts() {
  return {pixel_layout(PixelEncoding::rgb), pixel_layout(PixelEncoding::palette), token_layout(11),
          token_layout(32'768), token_layout(100'000)};
}

TEST(Shards, RoundTripOfEveryKind) {
  for (const ShardLayout& layout : all_layouts()) {
    const Folder folder;
    const auto records = random_records(layout, 33, 5);
    write_set(folder.path(), layout, records);
    const ShardSet set = ShardSet::open(folder.path(), ShardCheck::hashes);
    EXPECT_EQ(set.layout(), layout);
    expect_equal(set, records);
    EXPECT_EQ(set.index().settings.at("seed").as_integer(), 3);
    std::set<std::int64_t> seen;
    for (const Split split : {Split::train, Split::val_cross, Split::val_concept}) {
      for (const std::int64_t record : set.records_of(split)) {
        EXPECT_EQ(set.info(record).split, split);
        seen.insert(record);
      }
    }
    EXPECT_EQ(std::int64_t(seen.size()), set.size());
  }
}

TEST(Shards, EqualRecordsGiveEqualBytes) {
  const ShardLayout layout = token_layout(11);
  const Folder a, b;
  write_set(a.path(), layout, random_records(layout, 9, 1));
  write_set(b.path(), layout, random_records(layout, 9, 1));
  for (const auto& entry : fs::directory_iterator(a.path())) {
    EXPECT_EQ(sha256_of_file(entry.path()), sha256_of_file(b.path() / entry.path().filename()));
  }
}

TEST(Shards, StoredBytesTellTheFileSize) {
  for (const ShardLayout& layout : all_layouts()) {
    const Folder folder;
    auto records = random_records(layout, 17, 3);
    const ShardEntry entry = write_shard(folder.path(), "shard-00000.safetensors", layout, records);
    std::uint64_t bytes = 0;
    for (ShardRecord& record : records) {
      for (ShardPicture& picture : record.pictures) picture = {};  // only counted
      bytes += stored_bytes(layout, record);
    }
    EXPECT_LE(entry.size, bytes + 16'384);
    EXPECT_GE(entry.size, bytes - 17 * 4);
  }
}

TEST(Shards, CaptionsAreDrawnByTheirProbability) {
  const ShardLayout layout = token_layout(4);
  const Folder folder;
  auto records = random_records(layout, 2, 7);
  records[0].captions = {{{1}, 0.5f}, {{2}, 0.3f}, {{3}, 0.2f}};
  write_set(folder.path(), layout, records);
  const ShardSet set = ShardSet::open(folder.path());
  EXPECT_EQ(set.pick_caption(0, 0.0), 0);
  EXPECT_EQ(set.pick_caption(0, 0.499), 0);
  EXPECT_EQ(set.pick_caption(0, 0.501), 1);
  EXPECT_EQ(set.pick_caption(0, 0.799), 1);
  EXPECT_EQ(set.pick_caption(0, 0.801), 2);
  EXPECT_EQ(set.pick_caption(0, 0.99999999), 2);
}

TEST(Shards, CallersMistakesAreNamed) {
  const ShardLayout layout = token_layout(4);
  const Folder folder;
  write_set(folder.path(), layout, random_records(layout, 4, 7));
  const ShardSet set = ShardSet::open(folder.path());
  std::vector<std::int32_t> codes(std::size_t(layout.code_count()));
  std::vector<std::uint8_t> pixels(63);
  EXPECT_THROW(set.info(-1), std::invalid_argument);
  EXPECT_THROW(set.info(4), std::invalid_argument);
  EXPECT_THROW(set.caption(0, set.info(0).captions), std::invalid_argument);
  EXPECT_THROW(set.read_codes(0, set.info(0).pictures, codes), std::invalid_argument);
  EXPECT_THROW(set.read_codes(0, 0, std::span(codes).first(4)), std::invalid_argument);
  EXPECT_THROW(set.read_pixels(0, 0, pixels), std::invalid_argument);
}

TEST(Shards, WriterRefusesRecordsThatDoNotFit) {
  const Folder folder;
  const auto refused = [&](const ShardLayout& layout, const std::function<void(ShardRecord&)>& f) {
    auto records = random_records(layout, 2, 7);
    f(records[1]);
    EXPECT_THROW(write_shard(folder.path(), "shard-00000.safetensors", layout, records),
                 std::invalid_argument);
    EXPECT_TRUE(fs::is_empty(folder.path()));
  };
  const ShardLayout tokens = token_layout(11);
  refused(tokens, [](auto& r) { r.label = -1; });
  refused(tokens, [](auto& r) { r.weight = -1; });
  refused(tokens, [](auto& r) { r.weight = std::nanf(""); });
  refused(tokens, [](auto& r) { r.captions.clear(); });
  refused(tokens, [](auto& r) { r.captions[0].probability += 0.1f; });
  refused(tokens, [](auto& r) { r.captions[0].ids = {kVocabulary}; });
  refused(tokens, [](auto& r) { r.captions[0].ids.assign(9, 1); });
  refused(tokens, [](auto& r) { r.pictures.clear(); });
  refused(tokens, [](auto& r) { r.pictures[0].codes[0] = 11; });
  refused(tokens, [](auto& r) { r.pictures[0].codes.pop_back(); });
  refused(pixel_layout(PixelEncoding::rgb), [](auto& r) { r.pictures[0].pixels.push_back(0); });
  refused(pixel_layout(PixelEncoding::palette), [](auto& r) { r.pictures[0].pixels[0] = 5; });
  refused(pixel_layout(PixelEncoding::palette), [](auto& r) { r.pictures[0].palette.clear(); });
  EXPECT_THROW(write_shard(folder.path(), "shard-00000.safetensors", tokens, {}),
               std::invalid_argument);
}

/// Rewrites one tensor of a shard and puts the index right, so that only the content is wrong.
void change_tensor(const fs::path& folder, std::string_view name,
                   const std::function<void(std::vector<std::byte>&)>& change) {
  const fs::path path = folder / shard_file_name(0);
  {
    const weights::SafetensorsFile file(path);
    std::vector<weights::TensorSpec> specs;
    std::vector<std::vector<std::byte>> data;
    for (const auto& entry : file.header().entries) {
      specs.push_back({entry.name, entry.dtype, entry.shape});
      const auto bytes = file.bytes(entry);
      data.emplace_back(bytes.begin(), bytes.end());
      if (entry.name == name) change(data.back());
    }
    weights::SafetensorsWriter writer(path, specs);
    for (const auto& bytes : data) writer.write(bytes);
    writer.finish();
  }
  ShardIndex index = read_shard_index(folder);
  index.shards[0].sha256 = sha256_of_file(path);
  index.shards[0].size = fs::file_size(path);
  write_shard_index(folder, index);
}

template <typename T>
std::function<void(std::vector<std::byte>&)> put(std::size_t element, T value) {
  return [=](std::vector<std::byte>& bytes) {
    std::memcpy(bytes.data() + element * sizeof(T), &value, sizeof(T));
  };
}

TEST(Shards, ReaderRefusesBadNumbers) {
  const auto refused = [](const ShardLayout& layout, std::string_view name, const auto& change) {
    const Folder folder;
    write_set(folder.path(), layout, random_records(layout, 12, 7));
    change_tensor(folder.path(), name, [](auto&) {});
    EXPECT_NO_THROW(ShardSet::open(folder.path(), ShardCheck::hashes));
    change_tensor(folder.path(), name, change);
    try {
      ShardSet::open(folder.path());
      ADD_FAILURE() << "accepted a bad " << name;
    } catch (const weights::CheckpointError& error) {
      EXPECT_NE(std::string(error.what()).find(std::string(name)), std::string::npos)
          << error.what();
      EXPECT_EQ(error.path().filename(), shard_file_name(0));
    }
  };
  const ShardLayout tokens = token_layout(11), wide = token_layout(100'000);
  const ShardLayout palette = pixel_layout(PixelEncoding::palette);
  refused(tokens, "split", put<std::uint8_t>(1, 3));
  refused(tokens, "weight", put<float>(0, -0.5f));
  refused(tokens, "weight", put<float>(0, std::nanf("")));
  refused(tokens, "label", put<std::int32_t>(2, kLabels));
  refused(tokens, "label", put<std::int32_t>(2, -1));
  refused(tokens, "style", put<std::int32_t>(0, kStyles));
  refused(tokens, "caption_start", put<std::int32_t>(0, 1));
  refused(tokens, "caption_start", put<std::int32_t>(1, 0));
  refused(tokens, "caption_start", put<std::int32_t>(1, 1 << 30));
  refused(tokens, "caption_start", put<std::int32_t>(1, -5));
  refused(tokens, "picture_start", put<std::int32_t>(1, 1 << 30));
  refused(tokens, "picture_start", put<std::int32_t>(6, 0));
  refused(tokens, "caption_probability", put<float>(0, 0.0f));
  refused(tokens, "caption_probability", put<float>(0, std::nanf("")));
  refused(tokens, "caption_probability", put<float>(0, 5.0f));
  refused(tokens, "token_start", put<std::int32_t>(1, -1));
  refused(tokens, "token_start", put<std::int32_t>(1, 1 << 20));
  refused(tokens, "tokens", put<std::int16_t>(0, kVocabulary));
  refused(tokens, "tokens", put<std::int16_t>(0, -1));
  refused(tokens, "codes", put<std::int16_t>(3, 11));
  refused(wide, "codes", put<std::int32_t>(0, 100'000));
  refused(wide, "codes", put<std::int32_t>(0, -1));
  refused(palette, "indices", put<std::uint8_t>(0, 5));
}

TEST(Shards, ReaderRefusesMissingDamagedAndForeignFiles) {
  const ShardLayout layout = pixel_layout(PixelEncoding::rgb);
  const Folder folder;
  const auto records = random_records(layout, 8, 7);
  const auto fresh = [&] {
    fs::remove_all(folder.path());
    fs::create_directories(folder.path());
    write_set(folder.path(), layout, records);
  };
  const fs::path shard = folder.path() / shard_file_name(1);

  fresh();
  fs::resize_file(shard, fs::file_size(shard) - 1);
  EXPECT_THROW(ShardSet::open(folder.path()), weights::CheckpointError);
  fresh();
  fs::remove(shard);
  EXPECT_THROW(ShardSet::open(folder.path()), weights::IoError);
  fresh();
  fs::remove(folder.path() / "pieces.json");
  EXPECT_THROW(ShardSet::open(folder.path()), weights::IoError);

  fresh();
  std::string bytes = weights::read_regular_file(shard, 1 << 20);
  bytes.back() = char(bytes.back() ^ 1);  // the last record's split
  weights::write_file_atomic(shard, bytes);
  EXPECT_THROW(ShardSet::open(folder.path(), ShardCheck::hashes), weights::CheckpointError);

  // A shard of another kind under a right size.
  fresh();
  const ShardEntry other = write_shard(folder.path(), shard_file_name(1), token_layout(11),
                                       random_records(token_layout(11), 4, 1));
  ShardIndex index = read_shard_index(folder.path());
  index.shards[1] = other;
  index.split_counts = {8, 0, 0};
  write_shard_index(folder.path(), index);
  EXPECT_THROW(ShardSet::open(folder.path()), weights::CheckpointError);
}

TEST(Shards, ReaderRefusesAWrongIndex) {
  const ShardLayout layout = token_layout(11);
  const Folder folder;
  write_set(folder.path(), layout, random_records(layout, 8, 7));
  const fs::path path = folder.path() / ShardIndex::kFileName;
  const weights::Json good = weights::read_json_file(path);
  const auto refused = [&](const char* field, weights::Json value) {
    weights::Json changed = good;
    changed.set(field, std::move(value));
    weights::write_json_file(path, changed);
    try {
      ShardSet::open(folder.path());
      ADD_FAILURE() << "accepted a bad " << field;
    } catch (const weights::CheckpointError&) {
    }
  };
  refused("format", "other");
  refused("version", 2);
  refused("kind", "pictures");
  refused("picture_height", 0);
  refused("code_width", 6);
  refused("codebook_size", 2);
  refused("text_length", 1);
  refused("text_vocabulary", kVocabulary + 1);
  refused("end_of_text", kVocabulary);
  refused("records", 9);
  refused("labels", weights::Json::array());
  refused("tokenizer_sha256", "abc");
  refused("unknown", 1);
  refused("shards", weights::Json::object());
  weights::Json outside = good.at("shards").as_array()[0];
  outside.set("file", "../secret.safetensors");
  refused("shards", weights::Json::array().push_back(outside));
  weights::Json twice = good.at("shards").as_array()[0];
  refused("shards", weights::Json::array().push_back(twice).push_back(twice));
  weights::Json splits = good.at("splits");
  const std::int64_t train = splits.at("train").as_integer();
  splits.set("train", splits.at("val_cross").as_integer());
  splits.set("val_cross", train);
  if (splits.at("train").as_integer() != train) refused("splits", splits);
  weights::write_json_file(path, good);
  EXPECT_NO_THROW(ShardSet::open(folder.path(), ShardCheck::hashes));
}

}  // namespace
}  // namespace lacuna::training
