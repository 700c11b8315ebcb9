#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/token_space.h"

namespace lacuna::fusion {

/// Whether a picture may have codes that are still to be drawn (kMaskedCode).
enum class MaskedCodes : std::uint8_t { refused, allowed };

/// A picture's codes, 0-based, as ids of the token space. Throws std::invalid_argument for another count than
/// `expected` and for a code out of range.
std::vector<std::int32_t> image_ids(const TokenSpace& space, std::span<const std::int32_t> codes, int expected,
                                    MaskedCodes masked);

}  // namespace lacuna::fusion
