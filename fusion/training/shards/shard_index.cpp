#include "fusion/training/shards/shard_index.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <stdexcept>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/config_reader.h"
#include "runtime/weights/json_file.h"

namespace lacuna::training {
namespace {

using weights::CheckpointError;
using weights::ConfigReader;
using weights::Json;

constexpr std::string_view kFormat = "lacuna-shards";
constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kMaxSide = 16'384;
constexpr std::int64_t kMaxCodeSide = 4'096;
constexpr std::int64_t kMaxIds = std::int64_t{1} << 24;
constexpr std::int64_t kMaxText = 1 << 20;
constexpr std::size_t kMaxNames = 4'000'000;
constexpr std::int64_t kMaxCount = std::int64_t{1} << 31;
constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 40;
constexpr weights::JsonLimits kIndexLimits = {
    .max_bytes = std::size_t{256} << 20, .max_depth = 32, .max_values = 16'000'000};

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// A bare name: an index must not make the reader open files elsewhere.
bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                  c == '.';
         });
}

void check(std::int64_t value, std::int64_t min, std::int64_t max, const char* field) {
  if (value < min || value > max) {
    throw std::invalid_argument("[ShardLayout] expected " + std::string(field) + " in [" +
                                std::to_string(min) + ", " + std::to_string(max) + "], got " +
                                std::to_string(value));
  }
}

std::string sha256_field(ConfigReader& reader, std::string_view key) {
  std::string value = reader.string(key);
  if (!is_sha256(value)) reader.fail(key, "expected 64 hexadecimal digits, got \"" + value + "\"");
  return value;
}

ShardLayout read_layout(ConfigReader& index) {
  ShardLayout out;
  const std::string kind = index.one_of("kind", {"pixels", "tokens"});
  out.picture_height = int(index.integer("picture_height", 1, kMaxSide));
  out.picture_width = int(index.integer("picture_width", 1, kMaxSide));
  if (kind == "pixels") {
    const std::string encoding = index.one_of("pixel_encoding", {"rgb", "palette"});
    if (encoding == "palette") {
      out.encoding = PixelEncoding::palette;
      out.palette_colors = int(index.integer("palette_colors", 2, 256));
    }
  } else {
    out.kind = PictureKind::tokens;
    out.code_height = int(index.integer("code_height", 1, kMaxCodeSide));
    out.code_width = int(index.integer("code_width", 1, kMaxCodeSide));
    out.codebook_size = int(index.integer("codebook_size", 1, kMaxIds));
  }
  out.text_length = int(index.integer("text_length", 2, kMaxText));
  out.text_vocabulary = int(index.integer("text_vocabulary", 1, kMaxIds));
  out.end_of_text = int(index.integer("end_of_text", 0, out.text_vocabulary - 1));
  return out;
}

}  // namespace

std::string_view name_of(Split split) { return kSplitNames[static_cast<std::size_t>(split)]; }

std::optional<Split> split_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kSplitNames.size(); ++i) {
    if (kSplitNames[i] == name) return static_cast<Split>(i);
  }
  return std::nullopt;
}

void ShardLayout::validate() const {
  check(picture_height, 1, kMaxSide, "picture_height");
  check(picture_width, 1, kMaxSide, "picture_width");
  if (kind == PictureKind::tokens) {
    check(code_height, 1, kMaxCodeSide, "code_height");
    check(code_width, 1, kMaxCodeSide, "code_width");
    check(codebook_size, 1, kMaxIds, "codebook_size");
  } else if (encoding == PixelEncoding::palette) {
    check(palette_colors, 2, 256, "palette_colors");
  }
  check(text_length, 2, kMaxText, "text_length");
  check(text_vocabulary, 1, kMaxIds, "text_vocabulary");
  check(end_of_text, 0, text_vocabulary - 1, "end_of_text");
}

std::int64_t ShardIndex::records() const {
  return std::accumulate(shards.begin(), shards.end(), std::int64_t{0},
                         [](std::int64_t sum, const ShardEntry& e) { return sum + e.records; });
}

std::int64_t ShardIndex::pictures() const {
  return std::accumulate(shards.begin(), shards.end(), std::int64_t{0},
                         [](std::int64_t sum, const ShardEntry& e) { return sum + e.pictures; });
}

Json to_json(const ShardEntry& entry) {
  Json out = Json::object();
  out.set("file", entry.file)
      .set("size", entry.size)
      .set("sha256", entry.sha256)
      .set("records", entry.records)
      .set("pictures", entry.pictures);
  return out;
}

ShardEntry shard_entry_from_json(const Json& json, const std::filesystem::path& file) {
  ConfigReader reader(json, file);
  ShardEntry out;
  out.file = reader.string("file");
  if (!is_file_name(out.file)) {
    reader.fail("file", "expected a plain file name, got \"" + out.file + "\"");
  }
  out.size = std::uint64_t(reader.integer("size", 1, kMaxFileBytes));
  out.sha256 = sha256_field(reader, "sha256");
  out.records = reader.integer("records", 1, kMaxCount);
  out.pictures = reader.integer("pictures", out.records, kMaxCount);
  reader.finish();
  return out;
}

ShardIndex read_shard_index(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / ShardIndex::kFileName;
  const Json json = weights::read_json_file(path, kIndexLimits);
  ConfigReader reader(json, path);
  ShardIndex out;
  reader.one_of("format", {kFormat});
  reader.integer("version", kVersion, kVersion);
  out.layout = read_layout(reader);
  out.tokenizer_sha256 = sha256_field(reader, "tokenizer_sha256");
  if (out.layout.kind == PictureKind::tokens) {
    out.image_tokenizer_sha256 = sha256_field(reader, "image_tokenizer_sha256");
  }
  out.labels = reader.strings("labels", kMaxNames);
  out.styles = reader.strings("styles", kMaxNames);
  const std::int64_t records = reader.integer("records", 0, kMaxCount);
  ConfigReader splits = reader.section("splits");
  std::int64_t in_splits = 0;
  for (std::size_t i = 0; i < kSplitNames.size(); ++i) {
    out.split_counts[i] = splits.integer_or(kSplitNames[i], 0, 0, kMaxCount);
    in_splits += out.split_counts[i];
  }
  splits.finish();
  if (in_splits != records) {
    reader.fail("splits", "expected counts that add up to " + std::to_string(records) + ", got " +
                              std::to_string(in_splits));
  }
  reader.ignore({"shards", "settings"});
  reader.finish();

  const Json* shards = json.find("shards");
  if (shards == nullptr || !shards->is_array()) reader.fail("shards", "expected an array of files");
  for (const Json& entry : shards->as_array()) {
    out.shards.push_back(shard_entry_from_json(entry, path));
    const auto same = [&](const ShardEntry& e) { return e.file == out.shards.back().file; };
    if (std::count_if(out.shards.begin(), out.shards.end(), same) > 1) {
      reader.fail("shards", "the file \"" + out.shards.back().file + "\" is listed twice");
    }
  }
  if (out.records() != records) {
    reader.fail("shards", "expected files with " + std::to_string(records) + " records, got " +
                              std::to_string(out.records()));
  }
  if (const Json* settings = json.find("settings"); settings != nullptr) out.settings = *settings;
  return out;
}

void write_shard_index(const std::filesystem::path& folder, const ShardIndex& index) {
  const ShardLayout& layout = index.layout;
  layout.validate();
  Json out = Json::object();
  out.set("format", kFormat).set("version", kVersion);
  out.set("kind", layout.kind == PictureKind::pixels ? "pixels" : "tokens");
  out.set("picture_height", layout.picture_height).set("picture_width", layout.picture_width);
  if (layout.kind == PictureKind::pixels) {
    const bool palette = layout.encoding == PixelEncoding::palette;
    out.set("pixel_encoding", palette ? "palette" : "rgb");
    if (palette) out.set("palette_colors", layout.palette_colors);
  } else {
    out.set("code_height", layout.code_height).set("code_width", layout.code_width);
    out.set("codebook_size", layout.codebook_size);
    out.set("image_tokenizer_sha256", index.image_tokenizer_sha256);
  }
  out.set("text_length", layout.text_length).set("text_vocabulary", layout.text_vocabulary);
  out.set("end_of_text", layout.end_of_text).set("tokenizer_sha256", index.tokenizer_sha256);
  out.set("records", index.records());
  Json splits = Json::object();
  for (std::size_t i = 0; i < kSplitNames.size(); ++i) {
    splits.set(kSplitNames[i], index.split_counts[i]);
  }
  out.set("splits", std::move(splits)).set("settings", index.settings);
  Json shards = Json::array();
  for (const ShardEntry& entry : index.shards) shards.push_back(to_json(entry));
  out.set("shards", std::move(shards));
  Json styles = Json::array();
  for (const std::string& style : index.styles) styles.push_back(style);
  out.set("styles", std::move(styles));
  Json labels = Json::array();
  for (const std::string& label : index.labels) labels.push_back(label);
  out.set("labels", std::move(labels));
  weights::write_json_file(folder / ShardIndex::kFileName, out);
}

}  // namespace lacuna::training
