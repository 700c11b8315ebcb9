#include "runtime/vulkan/time_boxes.h"

#include <algorithm>
#include <cmath>

namespace lacuna::vulkan {

TimeBoxes::TimeBoxes(std::vector<Item> items, double target, double limit)
    : items_(std::move(items)), target_(target), limit_(limit) {
  cut();
}

void TimeBoxes::cut() {
  boxes_.assign(1, {});
  const auto add = [&](const Piece& piece) {
    if (!boxes_.back().pieces.empty() && boxes_.back().seconds + piece.seconds > target_) boxes_.emplace_back();
    boxes_.back().pieces.push_back(piece);
    boxes_.back().seconds += piece.seconds;
  };
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const auto axis = std::size_t(std::ranges::max_element(item.groups) - item.groups.begin());
    const std::uint32_t groups = item.groups[axis];
    std::uint32_t pieces = 1;
    if (item.divisible && item.seconds > target_) {
      pieces = std::uint32_t(std::min(double(groups), std::ceil(item.seconds / target_)));
    }
    for (std::uint32_t p = 0; p < pieces; ++p) {
      const auto begin = std::uint32_t(std::uint64_t(groups) * p / pieces);
      const auto end = std::uint32_t(std::uint64_t(groups) * (p + 1) / pieces);
      Piece piece{i, {}, item.groups, item.seconds * (groups > 0 ? double(end - begin) / double(groups) : 1.0)};
      piece.first[axis] = begin;
      piece.count[axis] = end - begin;
      add(piece);
    }
  }
}

bool TimeBoxes::learn(std::span<const double> measured) {
  if (measured.size() != boxes_.size() || std::ranges::find(measured, 0.0) != measured.end()) return false;
  std::vector<double> seconds(items_.size(), 0.0);
  double longest = 0.0, sum = 0.0;
  for (std::size_t b = 0; b < boxes_.size(); ++b) {
    longest = std::max(longest, measured[b]);
    sum += measured[b];
    double known = 0.0;
    for (const Piece& piece : boxes_[b].pieces) known += piece.seconds;
    for (const Piece& piece : boxes_[b].pieces) {
      const double share = known > 0.0 ? piece.seconds / known : 1.0 / double(boxes_[b].pieces.size());
      seconds[piece.dispatch] += share * measured[b];
    }
  }
  for (std::size_t i = 0; i < items_.size(); ++i) items_[i].seconds = seconds[i];
  const bool too_long = longest > 0.5 * (target_ + limit_);
  const bool too_many = std::ceil(sum / target_) * 2.0 < double(boxes_.size());
  if (!too_long && !too_many) {
    for (std::size_t b = 0; b < boxes_.size(); ++b) {
      for (Piece& piece : boxes_[b].pieces) {
        piece.seconds *= boxes_[b].seconds > 0.0 ? measured[b] / boxes_[b].seconds : 0.0;
      }
      boxes_[b].seconds = measured[b];
    }
    return false;
  }
  cut();
  return true;
}

double TimeBoxes::total() const {
  double sum = 0.0;
  for (const Item& item : items_) sum += item.seconds;
  return sum;
}

}  // namespace lacuna::vulkan
