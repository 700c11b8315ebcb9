#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lacuna::text {

/// A piece and its id.
using Piece = std::pair<std::string, std::int32_t>;
/// Two pieces that are joined; an earlier rule goes first.
using MergeRule = std::pair<std::string, std::string>;

/// Byte-pair encoding (arXiv 1508.07909) over bytes. Immutable after construction.
class BpeModel {
 public:
  /// Most pieces, and the highest id.
  static constexpr std::int32_t kMaxPieces = 1'000'000;

  /// `pieces` are spelt in the byte alphabet (byte_alphabet.h). Throws std::invalid_argument for an id outside
  /// [0, kMaxPieces), a piece or an id given twice, and a rule whose parts or result are no pieces.
  BpeModel(std::span<const Piece> pieces, std::span<const MergeRule> rules);

  /// Ids of `word`, raw bytes; the merges of lowest rank first, of equal ones the leftmost. Bytes without a piece give
  /// `unknown`, or nothing when there is none. O(n log n).
  void encode(std::string_view word, std::optional<std::int32_t> unknown, std::vector<std::int32_t>& ids) const;

  /// The id of a piece as spelt.
  std::optional<std::int32_t> find(std::string_view piece) const;

 private:
  struct Merge {
    std::uint32_t rank = 0;
    std::int32_t result = 0;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  const Merge* merge_of(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> ids_;
  std::unordered_map<std::uint64_t, Merge> merges_;
  std::vector<std::int32_t> byte_ids_;  // of the pieces of one byte; -1 without
};

}  // namespace lacuna::text
