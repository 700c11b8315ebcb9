#include "text/bpe_model.h"

#include <queue>
#include <stdexcept>
#include <tuple>

#include "runtime/weights/utf8.h"
#include "text/byte_alphabet.h"

namespace lacuna::text {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("[BpeModel] " + what); }

std::uint64_t key_of(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

/// A part of the word while it is being merged; parts are a linked list.
struct Part {
  std::int32_t id = -1;  // -1 once it has been joined to the part before it
  std::int32_t previous = -1;
  std::int32_t next = -1;
};

struct Candidate {
  std::uint32_t rank = 0;
  std::int32_t position = 0;
  std::int32_t left = 0, right = 0;  // ids when it was found

  bool operator>(const Candidate& other) const {
    return std::tie(rank, position) > std::tie(other.rank, other.position);
  }
};

}  // namespace

BpeModel::BpeModel(std::span<const Piece> pieces, std::span<const MergeRule> rules) : byte_ids_(256, -1) {
  std::vector<bool> used;
  for (const auto& [piece, id] : pieces) {
    if (id < 0 || id >= kMaxPieces) {
      fail("expected ids in [0, " + std::to_string(kMaxPieces) + "), got " + std::to_string(id) + " for " +
           weights::in_quotes(piece));
    }
    if (!ids_.emplace(piece, id).second) fail("the piece " + weights::in_quotes(piece) + " comes twice");
    if (used.size() <= static_cast<std::size_t>(id)) used.resize(static_cast<std::size_t>(id) + 1);
    if (used[static_cast<std::size_t>(id)]) fail("the id " + std::to_string(id) + " belongs to two pieces");
    used[static_cast<std::size_t>(id)] = true;
  }
  for (int byte = 0; byte < 256; ++byte) {
    byte_ids_[static_cast<std::size_t>(byte)] = find(character_of(static_cast<unsigned char>(byte))).value_or(-1);
  }
  std::uint32_t rank = 0;
  for (const auto& [left, right] : rules) {
    const auto id = [&](const std::string& piece) {
      const auto found = find(piece);
      if (!found) {
        fail("merge " + std::to_string(rank) + " (" + weights::in_quotes(left) + " and " + weights::in_quotes(right) +
             ") needs the piece " + weights::in_quotes(piece) + ", which the vocabulary has not");
      }
      return *found;
    };
    merges_[key_of(id(left), id(right))] = {rank, id(left + right)};  // of two equal rules the later one counts
    ++rank;
  }
}

std::optional<std::int32_t> BpeModel::find(std::string_view piece) const {
  const auto found = ids_.find(piece);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const BpeModel::Merge* BpeModel::merge_of(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(key_of(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void BpeModel::encode(std::string_view word, std::optional<std::int32_t> unknown,
                      std::vector<std::int32_t>& ids) const {
  std::vector<Part> parts;
  parts.reserve(word.size());
  for (const char c : word) {
    std::int32_t id = byte_ids_[static_cast<unsigned char>(c)];
    if (id < 0 && !unknown) continue;
    if (id < 0) id = *unknown;
    const auto at = static_cast<std::int32_t>(parts.size());
    parts.push_back({id, at - 1, at + 1});
  }
  if (parts.empty()) return;
  parts.back().next = -1;

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto offer = [&](std::int32_t left, std::int32_t right) {
    if (left < 0 || right < 0) return;
    const Part &a = parts[static_cast<std::size_t>(left)], &b = parts[static_cast<std::size_t>(right)];
    if (const Merge* merge = merge_of(a.id, b.id)) queue.push({merge->rank, left, a.id, b.id});
  };
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    offer(static_cast<std::int32_t>(i), static_cast<std::int32_t>(i) + 1);
  }
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Part& left = parts[static_cast<std::size_t>(best.position)];
    if (left.id != best.left || left.next < 0) continue;
    Part& right = parts[static_cast<std::size_t>(left.next)];
    if (right.id != best.right) continue;
    left.id = merge_of(best.left, best.right)->result;
    right.id = -1;
    left.next = right.next;
    if (left.next >= 0) parts[static_cast<std::size_t>(left.next)].previous = best.position;
    offer(left.previous, best.position);
    offer(best.position, left.next);
  }
  for (std::int32_t at = 0; at >= 0; at = parts[static_cast<std::size_t>(at)].next) {
    ids.push_back(parts[static_cast<std::size_t>(at)].id);
  }
}

}  // namespace lacuna::text
