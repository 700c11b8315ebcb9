#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/training/shards/shard_index.h"

namespace lacuna::preparation {

/// One row of captions.tsv. Text columns have lower-case ASCII letters and no space at either end.
struct CaptionRow {
  std::int32_t line = 0;  ///< in the file, 1 for the first
  std::string file;       ///< picture, relative to the table's folder
  std::string label;
  training::Split split = training::Split::train;
  float weight = 1.0f;
  std::string style;
  std::vector<std::string> keywords;
  std::string gloss;
  std::string tier;
  std::string set;
  std::string tone;     ///< skin tone, empty for none
  std::string license;  ///< as written

  bool operator==(const CaptionRow&) const = default;
};

/// A tab-separated table, UTF-8 without quoting, with a header line. Columns may stand in any
/// order: `file` and `label` are required; `split` (train, val_cross, val_concept; default train),
/// `weight` (0 or more, default 1), `style`, `keywords` (comma-separated), `gloss`, `tier`, `set`,
/// `tone` and `license` are optional; others are ignored. Empty lines are skipped. Throws
/// weights::IoError, and DataError naming line and column: a file path that leaves the folder, an
/// empty label, a split or weight that is none, too few or too many columns, bad UTF-8.
std::vector<CaptionRow> read_caption_table(const std::filesystem::path& path);

/// The same from text; `path` is for messages.
std::vector<CaptionRow> parse_caption_table(std::string_view text,
                                            const std::filesystem::path& path);

}  // namespace lacuna::preparation
