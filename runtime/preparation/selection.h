#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/preparation/caption_table.h"

namespace lacuna::preparation {

/// Skin-tone variants of people are many and look alike.
enum class Tones { keep, leave_out };

/// Which rows of a table are used; an empty list allows everything.
struct Selection {
  std::vector<std::string> tiers;
  std::vector<std::string> sets;
  std::vector<std::string> splits;  ///< of training::kSplitNames
  Tones tones = Tones::keep;        ///< leave_out: rows with a `tone` are dropped
  float min_weight = 0.0f;          ///< rows below it are dropped
  std::int64_t limit = 0;           ///< at most so many rows, evenly spread over the rest; 0: all

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// The rows that `selection` keeps, in their order.
std::vector<CaptionRow> select(std::vector<CaptionRow> rows, const Selection& selection);

}  // namespace lacuna::preparation
