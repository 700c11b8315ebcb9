#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fusion/training/shards/shard_writer.h"
#include "runtime/preparation/prepare.h"

namespace lacuna::preparation {

/// Turns rows of the table into records of shards. Everything it makes depends only on the options,
/// the row and the picture, never on the rows around it. Internal to this folder.
class RecordSource {
 public:
  /// All arguments must outlive it. `rows` are the selected ones; labels and styles are numbered in
  /// alphabetical order over them.
  RecordSource(const PrepareOptions& options, const PrepareTokenizers& tokenizers,
               const training::ShardLayout& layout, const std::vector<CaptionRow>& rows);

  const std::vector<std::string>& labels() const { return labels_; }
  const std::vector<std::string>& styles() const { return styles_; }

  /// The records of a row: all but what is in their pictures. Counts captions in `lengths`.
  std::vector<training::ShardRecord> outline(const CaptionRow& row, CaptionLengths& lengths) const;

  /// Reads the rows' pictures, on several threads, and appends the complete records, or to `bad`
  /// where a picture cannot be read.
  void append(std::span<const CaptionRow> rows, std::vector<training::ShardRecord>& records,
              std::vector<BadPicture>& bad) const;

 private:
  using Loaded = std::variant<std::vector<vision::Image8>, BadPicture>;

  bool is_ink_mask(const CaptionRow& row) const;
  std::optional<InkAndGround> colours(const CaptionRow& row, int copy) const;
  int record_count(const CaptionRow& row) const;
  int picture_count(const CaptionRow& row) const;
  std::vector<vision::Image8> load(const CaptionRow& row) const;
  Loaded try_load(const CaptionRow& row) const;
  void encode(std::span<const vision::Image8> pictures,
              std::span<training::ShardPicture*> out) const;
  void store_pixels(const vision::Image8& picture, training::ShardPicture& out) const;

  const PrepareOptions& options_;
  const PrepareTokenizers& tokenizers_;
  const training::ShardLayout& layout_;
  std::vector<std::string> labels_;
  std::vector<std::string> styles_;
};

}  // namespace lacuna::preparation
