#pragma once

#include <string_view>

namespace lacuna::text {

/// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
bool is_utf8(std::string_view text);

/// Throws std::invalid_argument "[`what`] expected UTF-8 text, got byte 0xNN at byte offset N"
/// unless is_utf8(text).
void require_utf8(std::string_view text, std::string_view what);

}  // namespace lacuna::text
