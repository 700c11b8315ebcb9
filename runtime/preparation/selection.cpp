#include "runtime/preparation/selection.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace lacuna::preparation {
namespace {

bool allows(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void Selection::validate() const {
  for (const std::string& split : splits) {
    if (!training::split_from_name(split)) {
      throw std::invalid_argument(
          "[Selection] expected splits among train, val_cross and val_concept, got \"" + split +
          "\"");
    }
  }
  if (!std::isfinite(min_weight) || min_weight < 0) {
    throw std::invalid_argument("[Selection] expected min_weight of 0 or more, got " +
                                std::to_string(min_weight));
  }
  if (limit < 0) {
    throw std::invalid_argument("[Selection] expected limit of 0 (all) or more, got " +
                                std::to_string(limit));
  }
}

std::vector<CaptionRow> select(std::vector<CaptionRow> rows, const Selection& selection) {
  selection.validate();
  std::erase_if(rows, [&](const CaptionRow& row) {
    return !allows(selection.tiers, row.tier) || !allows(selection.sets, row.set) ||
           !allows(selection.splits, training::name_of(row.split)) ||
           (selection.tones == Tones::leave_out && !row.tone.empty()) ||
           row.weight < selection.min_weight;
  });
  const auto count = std::int64_t(rows.size());
  if (selection.limit == 0 || selection.limit >= count) return rows;
  std::vector<CaptionRow> out;
  for (std::int64_t i = 0; i < selection.limit; ++i) {
    const double place = double(i) * double(count) / double(selection.limit);
    out.push_back(std::move(rows[std::size_t(place)]));
  }
  return out;
}

}  // namespace lacuna::preparation
