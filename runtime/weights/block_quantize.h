#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fusion/graph/block_format.h"

namespace lacuna::weights {

/// A matrix in blocks of 32 columns, laid out as fusion/graph/block_format.h says.
struct QuantizedBlocks {
  graph::DType dtype = graph::DType::q8_0;
  graph::Shape shape;
  std::vector<std::byte> codes;
  std::vector<std::uint16_t> scale;    // f16 bits, one for each block
  std::vector<std::uint16_t> minimum;  // the same, q4_1 alone

  /// Valid as long as this object is neither changed nor moved.
  graph::WeightView view() const { return {dtype, shape, codes, {}, scale, minimum}; }
};

/// `values`, row-major [rows, columns], in q8_0, q4_0 or q4_1. Deterministic.
///
/// q8_0: scale = max |block| / 127; an error is at most half a scale (and what rounding the scale to f16 adds).
/// q4_0: of sixteen scales around max |block| / -8 (the sign is that of the largest element, so that it gets the
/// code -8 which has no opposite) the one with the smallest squared error.
/// q4_1: of twelve ranges, the block's own and narrower ones, refitted by least squares, the one with the smallest
/// squared error.
///
/// Throws std::invalid_argument for another dtype, columns that are no multiple of 32, another number of values, and
/// values that are not finite or too large for an f16 factor.
QuantizedBlocks quantize_blocks(std::span<const float> values, std::int64_t rows, std::int64_t columns,
                                graph::DType dtype);

/// Parts of the same for rows that come piece by piece: the codes and factors of one block of 32.
void quantize_block(graph::DType dtype, const float* values, std::byte* codes, std::uint16_t& scale,
                    std::uint16_t& minimum);

}  // namespace lacuna::weights
