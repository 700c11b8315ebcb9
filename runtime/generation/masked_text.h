#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/token_space.h"
#include "text/text_tokenizer.h"

namespace lacuna::generation {

/// Text ids of a text with gaps: "[MASK]" is one masked token and "[MASK:n]" n of them, everything else is
/// encoded, without the spaces beside gaps and at the ends. "a [MASK:4] on a red [MASK:2]". Throws std::invalid_argument for a gap that is not
/// closed, n outside [1, 4096], or text that is not UTF-8.
std::vector<std::int32_t> encode_masked_text(const text::TextTokenizer& tokenizer,
                                             const fusion::TokenSpace& space, std::string_view text);

/// The text of a span up to its first end-of-text; masks are shown as `mask_symbol` (nothing when empty).
std::string decode_text(const text::TextTokenizer& tokenizer, const fusion::TokenSpace& space,
                        std::span<const std::int32_t> ids, std::string_view mask_symbol = {});

}  // namespace lacuna::generation
