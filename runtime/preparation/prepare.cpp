#include "runtime/preparation/prepare.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "fusion/training/shards/piece_table.h"
#include "fusion/training/shards/sha256.h"
#include "fusion/training/shards/shard_file.h"
#include "fusion/training/shards/shard_writer.h"
#include "runtime/preparation/attribution.h"
#include "runtime/preparation/data_error.h"
#include "runtime/preparation/prepare_state.h"
#include "runtime/preparation/record_source.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/io_error.h"

namespace lacuna::preparation {
namespace {

namespace fs = std::filesystem;
using training::ShardEntry;
using training::ShardIndex;
using training::ShardLayout;
using training::ShardRecord;
using weights::Json;

constexpr const char* kTableName = "captions.tsv";
constexpr const char* kBadName = "bad-pictures.tsv";
/// Pieces that print as nothing.
constexpr std::array<std::string_view, 6> kSilentPieces = {"<unk>", "<s>",   "</s>",
                                                           "<pad>", "<eos>", "<|endoftext|>"};
constexpr std::size_t kChunkRows = 64;
constexpr std::uint64_t kHeaderRoom = 16'384;  // a shard's header stays far below
/// Changed when the same options begin to give other bytes.
constexpr int kRecipe = 1;

/// Rows [first, last) make one shard.
struct Step {
  std::size_t first = 0, last = 0;
};

void check(double value, double min, double max, const char* field) {
  if (!(value >= min && value <= max)) {
    const auto number = [](double v) {
      return v == std::floor(v) ? std::to_string(std::int64_t(v)) : std::to_string(v);
    };
    throw std::invalid_argument("[PrepareOptions] expected " + std::string(field) + " in [" +
                                number(min) + ", " + number(max) + "], got " +
                                (std::isfinite(value) ? number(value) : "no number"));
  }
}

ShardLayout layout_of(const PrepareOptions& options, const PrepareTokenizers& tokenizers) {
  ShardLayout out;
  out.picture_height = out.picture_width = options.resolution;
  if (tokenizers.pictures != nullptr) {
    const int cell = tokenizers.pictures->pixels_per_code();
    if (options.resolution % cell != 0) {
      throw std::invalid_argument("[prepare] expected a resolution that is a multiple of the " +
                                  std::to_string(cell) + " pixels of a code, got " +
                                  std::to_string(options.resolution));
    }
    out.kind = training::PictureKind::tokens;
    out.code_height = out.code_width = options.resolution / cell;
    out.codebook_size = tokenizers.pictures->codebook_size();
  } else if (options.palette_colors > 0) {
    out.encoding = training::PixelEncoding::palette;
    out.palette_colors = options.palette_colors;
  }
  out.text_length = options.text_length;
  out.text_vocabulary = tokenizers.text.size();
  out.end_of_text =
      options.end_of_text >= 0 ? options.end_of_text : find_end_of_text(tokenizers.text);
  out.validate();
  return out;
}

Json strings(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (const std::string& value : values) out.push_back(value);
  return out;
}

/// Everything that the bytes of the shards depend on, apart from the pictures themselves.
Json settings_of(const PrepareOptions& options, const PrepareTokenizers& tokenizers,
                 const ShardLayout& layout, const std::string& table_sha256) {
  const CaptionMix& mix = options.mix;
  const vision::AugmentOptions& augment = options.augment;
  Json shares = Json::array();
  for (const double share :
       {mix.style_label, mix.label, mix.with_keywords, mix.keywords_only, mix.gloss}) {
    shares.push_back(share);
  }
  Json changes = Json::array();
  for (const float value :
       {augment.max_shift, augment.min_scale, augment.max_scale, augment.max_rotation,
        augment.max_gamma, augment.max_saturation, augment.max_hue}) {
    changes.push_back(value);
  }
  Json out = Json::object();
  out.set("recipe", kRecipe)
      .set("captions_sha256", table_sha256)
      .set("tokenizer_sha256", tokenizers.text_sha256)
      .set("image_tokenizer_sha256", tokenizers.pictures_sha256)
      .set("resolution", options.resolution)
      .set("text_length", options.text_length)
      .set("end_of_text", layout.end_of_text)
      .set("shard_size_mb", options.shard_size_mb)
      .set("palette_colors", layout.palette_colors)
      .set("augment_copies", options.augment_copies)
      .set("mask_copies", options.mask_copies)
      .set("seed", std::to_string(options.seed))
      .set("tiers", strings(options.selection.tiers))
      .set("sets", strings(options.selection.sets))
      .set("splits", strings(options.selection.splits))
      .set("exclude_tone", options.selection.tones == Tones::leave_out)
      .set("min_weight", options.selection.min_weight)
      .set("limit", options.selection.limit)
      .set("caption_mix", std::move(shares))
      .set("augment", std::move(changes));
  return out;
}

/// One run, from reading the table to the index.
class Run {
 public:
  Run(const PrepareOptions& options, const PrepareTokenizers& tokenizers,
      const PrepareCallback& progress)
      : options_(options),
        tokenizers_(tokenizers),
        progress_(progress),
        table_(options.data / kTableName),
        layout_(layout_of(options, tokenizers)),
        rows_(select(read_caption_table(table_), options.selection)),
        source_(options_, tokenizers_, layout_, rows_) {
    if (rows_.empty()) throw DataError(table_, "no row is left after the selection");
    state_.settings = settings_of(options, tokenizers, layout_, training::sha256_of_file(table_));
    plan();
  }

  PrepareReport run() {
    std::error_code error;
    fs::create_directories(options_.output, error);
    if (error) throw weights::IoError(options_.output, "create the folder", error.value());
    if (options_.overwrite) {
      remove_outputs();
    } else if (is_complete()) {
      remove_leftovers();
      return report_;
    }
    take_up();
    while (state_.finished.size() < steps_.size()) {
      if (!make_shard()) {
        report_.cancelled = true;
        return report_;
      }
    }
    finish();
    return report_;
  }

 private:
  /// Where one shard ends and the next begins, so that a run that continues makes the same files.
  void plan() {
    const std::uint64_t limit = std::uint64_t(options_.shard_size_mb) * 1'000'000 - kHeaderRoom;
    std::uint64_t used = 0;
    steps_.push_back({0, 0});
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      std::uint64_t bytes = 0;
      for (const ShardRecord& record : source_.outline(rows_[i], report_.captions)) {
        bytes += training::stored_bytes(layout_, record);
      }
      if (bytes > limit) {
        throw std::invalid_argument("[prepare] one row needs " + std::to_string(bytes) +
                                    " bytes, more than a shard of " +
                                    std::to_string(options_.shard_size_mb) +
                                    " MB holds; raise shard_size_mb or use fewer copies");
      }
      if (used + bytes > limit) {
        steps_.push_back({i, i});
        used = 0;
      }
      used += bytes;
      steps_.back().last = i + 1;
      ++report_.licenses[{rows_[i].set, rows_[i].license}];
    }
    report_.rows = std::int64_t(rows_.size());
  }

  bool is_output(const std::string& name) const {
    return (name.starts_with("shard-") && name.ends_with(".safetensors")) ||
           name == ShardIndex::kFileName || name == PrepareState::kFileName ||
           name == training::PieceTable::kFileName || name == kBadName;
  }

  void remove_outputs() const {
    for (const auto& entry : fs::directory_iterator(options_.output)) {
      if (is_output(entry.path().filename().string())) fs::remove(entry.path());
    }
    remove_leftovers();
  }

  /// What a killed run leaves behind beside whole files.
  void remove_leftovers() const {
    for (const auto& entry : fs::directory_iterator(options_.output)) {
      const std::string name = entry.path().filename().string();
      for (const std::string_view target :
           {std::string_view("shard"), PrepareState::kFileName,
            std::string_view(training::PieceTable::kFileName), std::string_view("ATTRIBUTION.md"),
            std::string_view(kBadName)}) {
        if (weights::is_temporary_name(name, target)) fs::remove(entry.path());
      }
    }
    if (fs::exists(options_.output / ShardIndex::kFileName)) {
      fs::remove(options_.output / PrepareState::kFileName);
    }
  }

  void require_same_settings(const Json& there, const fs::path& file) const {
    const std::string other = difference(there, state_.settings);
    if (!other.empty()) {
      throw DataError(file, "was made with other options (" + other +
                                "); give the same ones, another output folder, or --overwrite");
    }
  }

  bool has_file(const ShardEntry& entry) const {
    std::error_code error;
    return fs::file_size(options_.output / entry.file, error) == entry.size && !error;
  }

  bool is_complete() {
    const fs::path file = options_.output / ShardIndex::kFileName;
    if (!fs::exists(file)) return false;
    const ShardIndex index = training::read_shard_index(options_.output);
    require_same_settings(index.settings, file);
    for (const ShardEntry& entry : index.shards) {
      if (!has_file(entry)) {
        throw DataError(options_.output / entry.file,
                        "is missing or has another size than the index says; prepare again with "
                        "--overwrite");
      }
      count(entry);
    }
    report_.split_counts = index.split_counts;
    report_.continued_rows = report_.rows;
    return true;
  }

  /// Finds out what an earlier run finished.
  void take_up() {
    remove_leftovers();
    if (auto earlier = read_prepare_state(options_.output)) {
      require_same_settings(earlier->settings, options_.output / PrepareState::kFileName);
      for (FinishedShard& shard : earlier->finished) {
        if (state_.finished.size() == steps_.size() || (shard.entry && !has_file(*shard.entry))) {
          break;
        }
        if (shard.entry) count(*shard.entry);
        report_.continued_rows += std::int64_t(steps_[state_.finished.size()].last -
                                               steps_[state_.finished.size()].first);
        report_.bad.insert(report_.bad.end(), shard.bad.begin(), shard.bad.end());
        state_.finished.push_back(std::move(shard));
      }
      return;
    }
    for (const auto& entry : fs::directory_iterator(options_.output)) {
      if (is_output(entry.path().filename().string())) {
        throw DataError(entry.path(),
                        "is there already and no run to continue; use another output folder or "
                        "--overwrite");
      }
    }
    write_prepare_state(options_.output, state_);
  }

  void count(const ShardEntry& entry) {
    report_.records += entry.records;
    report_.pictures += entry.pictures;
    report_.bytes += entry.size;
    ++report_.shards;
  }

  bool tell(std::size_t rows) const {
    if (!progress_) return true;
    return progress_({.rows = std::int64_t(rows),
                      .all_rows = report_.rows,
                      .bad = std::int64_t(report_.bad.size()),
                      .shards = std::int64_t(state_.finished.size()),
                      .all_shards = std::int64_t(steps_.size())});
  }

  void check_bad() const {
    const auto bad = std::int64_t(report_.bad.size());
    if (double(bad) <= options_.max_bad_fraction * double(report_.rows)) return;
    std::string message = std::to_string(bad) + " of " + std::to_string(report_.rows) +
                          " pictures cannot be used, more than the allowed part (" +
                          std::to_string(options_.max_bad_fraction) + "):";
    for (std::size_t i = 0; i < std::min<std::size_t>(report_.bad.size(), 3); ++i) {
      message += " line " + std::to_string(report_.bad[i].line) + " " + report_.bad[i].file + ": " +
                 report_.bad[i].reason + ";";
    }
    throw DataError(table_, message + " correct the table or allow more with --max-bad-fraction");
  }

  /// The next shard; false when the caller asked to stop.
  bool make_shard() {
    const std::size_t number = state_.finished.size();
    const Step step = steps_[number];
    const std::size_t bad_before = report_.bad.size();
    std::vector<ShardRecord> records;
    for (std::size_t first = step.first; first < step.last; first += kChunkRows) {
      if (!tell(first)) return false;
      const std::size_t rows = std::min(kChunkRows, step.last - first);
      source_.append(std::span(rows_).subspan(first, rows), records, report_.bad);
      check_bad();
    }
    FinishedShard finished;
    finished.bad.assign(report_.bad.begin() + std::ptrdiff_t(bad_before), report_.bad.end());
    if (!records.empty()) {
      finished.entry = training::write_shard(options_.output, training::shard_file_name(number),
                                             layout_, records);
      count(*finished.entry);
    }
    state_.finished.push_back(std::move(finished));
    write_prepare_state(options_.output, state_);
    return tell(step.last);
  }

  void finish() {
    training::PieceTable pieces;
    for (std::int32_t id = 0; id < tokenizers_.text.size(); ++id) {
      pieces.pieces.push_back(tokenizers_.text.piece(id));
      const bool silent = std::find(kSilentPieces.begin(), kSilentPieces.end(),
                                    pieces.pieces.back()) != kSilentPieces.end();
      if (silent || id == layout_.end_of_text) pieces.controls.push_back(id);
    }
    training::write_piece_table(options_.output, pieces);
    write_attribution(options_.data, options_.output, report_);
    if (!report_.bad.empty()) {
      std::string text = "line\tfile\treason\n";
      for (const BadPicture& bad : report_.bad) {
        text += std::to_string(bad.line) + "\t" + bad.file + "\t" + bad.reason + "\n";
      }
      weights::write_file_atomic(options_.output / kBadName, text);
    }

    ShardIndex index;
    index.layout = layout_;
    index.tokenizer_sha256 = tokenizers_.text_sha256;
    index.image_tokenizer_sha256 = tokenizers_.pictures_sha256;
    index.labels = source_.labels();
    index.styles = source_.styles();
    index.settings = state_.settings;
    for (const FinishedShard& shard : state_.finished) {
      if (shard.entry) index.shards.push_back(*shard.entry);
    }
    count_splits(index);
    report_.split_counts = index.split_counts;
    training::write_shard_index(options_.output, index);
    remove_leftovers();
  }

  void count_splits(ShardIndex& index) const {
    for (const ShardEntry& entry : index.shards) {
      const training::ShardFile file(options_.output / entry.file, entry, layout_,
                                     std::int64_t(index.labels.size()),
                                     std::int64_t(index.styles.size()));
      for (const std::uint8_t split : file.splits) ++index.split_counts[split];
    }
  }

  const PrepareOptions& options_;
  const PrepareTokenizers& tokenizers_;
  const PrepareCallback& progress_;
  fs::path table_;
  ShardLayout layout_;
  std::vector<CaptionRow> rows_;
  RecordSource source_;
  std::vector<Step> steps_;
  PrepareState state_;
  PrepareReport report_;
};

}  // namespace

void PrepareOptions::validate() const {
  if (data.empty()) throw std::invalid_argument("[PrepareOptions] expected a data folder");
  if (output.empty()) throw std::invalid_argument("[PrepareOptions] expected an output folder");
  check(resolution, 8, 4096, "resolution");
  check(text_length, 2, 4096, "text_length");
  check(end_of_text, -1, 1 << 24, "end_of_text");
  check(shard_size_mb, 1, 100'000, "shard_size_mb");
  if (palette_colors != 0) check(palette_colors, 2, 256, "palette_colors");
  if (palette_colors != 0 && !image_tokenizer.empty()) {
    throw std::invalid_argument(
        "[PrepareOptions] expected palette_colors 0 with an image tokenizer: codes have no "
        "palette");
  }
  check(augment_copies, 1, 256, "augment_copies");
  check(mask_copies, 1, 256, "mask_copies");
  check(max_bad_fraction, 0, 1, "max_bad_fraction");
  check(threads, 0, 256, "threads");
  check(batch_size, 1, 4096, "batch_size");
  selection.validate();
  mix.validate();
  augment.validate();
}

std::int32_t find_end_of_text(const text::TextTokenizer& tokenizer) {
  std::int32_t unknown = -1;
  bool bytes = false;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    const std::string piece = tokenizer.piece(id);
    if (piece == "</s>" || piece == "<eos>" || piece == "<|endoftext|>") return id;
    if (piece == "<unk>") unknown = id;
    if (piece == "<0x00>") bytes = true;
  }
  if (unknown >= 0 && bytes) return unknown;
  throw std::invalid_argument(
      "[find_end_of_text] the tokenizer has no piece </s>, <eos> or <|endoftext|>, nor an <unk> "
      "that "
      "it never uses; name an id that no text encodes to with --end-of-text");
}

PrepareReport prepare(const PrepareOptions& options, const PrepareTokenizers& tokenizers,
                      const PrepareCallback& progress) {
  options.validate();
  return Run(options, tokenizers, progress).run();
}

}  // namespace lacuna::preparation
