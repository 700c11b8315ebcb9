#include "fusion/canvas.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lacuna::fusion {
namespace {

[[noreturn]] void fail(const std::string& message) { throw std::invalid_argument("[canvas] " + message); }

}  // namespace

void Canvas::append_frame(std::int32_t id) {
  ids_.push_back(id);
  states_.push_back(PositionState::frame);
}

void Canvas::check_ids(const TokenSpace& space, Modality modality, std::span<const std::int32_t> ids, int grid_height,
                       int grid_width) const {
  if (modality == Modality::image && std::size_t(grid_height) * std::size_t(grid_width) != ids.size()) {
    fail("expected " + std::to_string(grid_height) + " x " + std::to_string(grid_width) + " codes, got " +
         std::to_string(ids.size()));
  }
  const IdRange& range = space.range(modality);
  for (std::int32_t id : ids) {
    if (id != space.mask && !range.contains(id)) {
      fail("expected " + std::string(name_of(modality)) + " ids in [" + std::to_string(range.begin) + ", " +
           std::to_string(range.end()) + ") or the mask, got " + std::to_string(id));
    }
  }
}

void Canvas::append_known_or_masked(std::span<const std::int32_t> ids) {
  for (std::int32_t id : ids) {
    ids_.push_back(id);
    states_.push_back(id == mask_ ? PositionState::masked : PositionState::given);
    masked_count_ += id == mask_;
  }
}

void Canvas::append_span(const TokenSpace& space, Modality modality, std::span<const std::int32_t> ids,
                         int grid_height, int grid_width) {
  check_ids(space, modality, ids, grid_height, grid_width);
  mask_ = space.mask;
  spans_.push_back({modality, size(), int(ids.size()), grid_height, grid_width});
  ranges_.push_back(space.range(modality));
  append_known_or_masked(ids);
}

void Canvas::append_lines(const TokenSpace& space, std::span<const std::int32_t> ids, int grid_height, int grid_width,
                          std::int32_t end_of_line) {
  check_ids(space, Modality::image, ids, grid_height, grid_width);
  mask_ = space.mask;
  spans_.push_back({Modality::image, size(), int(ids.size()), grid_height, grid_width, 1});
  ranges_.push_back(space.range(Modality::image));
  for (int row = 0; row < grid_height; ++row) {
    append_known_or_masked(ids.subspan(std::size_t(row) * std::size_t(grid_width), std::size_t(grid_width)));
    append_frame(end_of_line);
  }
}

bool Canvas::has(Modality modality) const {
  return std::ranges::any_of(spans_, [&](const Span& s) { return s.modality == modality; });
}

const Span& Canvas::span(Modality modality) const {
  const auto it = std::ranges::find(spans_.rbegin(), spans_.rend(), modality, &Span::modality);
  if (it == spans_.rend()) fail("expected a span of " + std::string(name_of(modality)) + ", there is none");
  return *it;
}

std::vector<std::int32_t> Canvas::ids(Modality modality) const {
  const Span& s = span(modality);
  std::vector<std::int32_t> ids;
  ids.reserve(std::size_t(s.size));
  for (int i = 0; i < s.size; ++i) ids.push_back(ids_[std::size_t(s.position(i))]);
  return ids;
}

std::vector<int> Canvas::masked_positions(Modality modality) const {
  std::vector<int> positions;
  for (const Span& s : spans_) {
    if (s.modality != modality) continue;
    for (int i = s.begin; i < s.end(); ++i) {
      if (states_[std::size_t(i)] == PositionState::masked) positions.push_back(i);
    }
  }
  return positions;
}

const Span* Canvas::find(int position) const {
  for (const Span& s : spans_) {
    if (position >= s.begin && position < s.end()) return &s;
  }
  return nullptr;
}

void Canvas::fill(int position, std::int32_t id, PositionState state) {
  const Span* s = find(position);
  if (!s || states_[std::size_t(position)] != PositionState::masked) {
    fail("expected a masked position to fill, got " + std::to_string(position));
  }
  if (!ranges_[std::size_t(s - spans_.data())].contains(id)) {
    fail("expected an id of the " + std::string(name_of(s->modality)) + " range, got " + std::to_string(id));
  }
  if (id == mask_) return;
  ids_[std::size_t(position)] = id;
  states_[std::size_t(position)] = state;
  --masked_count_;
}

void Canvas::reveal(int position, std::int32_t id) { fill(position, id, PositionState::revealed); }

void Canvas::give(int position, std::int32_t id) {
  if (id == mask_) fail("expected a token to give, got the mask");
  fill(position, id, PositionState::given);
}

void Canvas::remask(int position) {
  if (!find(position) || states_[std::size_t(position)] != PositionState::revealed) {
    fail("expected a revealed position to mask again, got " + std::to_string(position));
  }
  ids_[std::size_t(position)] = mask_;
  states_[std::size_t(position)] = PositionState::masked;
  ++masked_count_;
}

std::vector<std::int32_t> Canvas::ids_without(Modality modality) const {
  std::vector<std::int32_t> ids = ids_;
  for (const Span& s : spans_) {
    if (s.modality != modality) continue;
    for (int i = 0; i < s.size; ++i) ids[std::size_t(s.position(i))] = mask_;
  }
  return ids;
}

}  // namespace lacuna::fusion
