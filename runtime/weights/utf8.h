#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lacuna::weights {

/// Byte offset of the first byte that is not part of well-formed UTF-8 (Unicode 15, table 3-7: no
/// overlong forms, no surrogates, nothing above U+10FFFF), or std::string_view::npos when all of
/// `text` is well formed.
std::size_t find_invalid_utf8(std::string_view text);

/// Appends `code_point` (at most U+10FFFF, no surrogate) as UTF-8.
void append_utf8(std::string& out, char32_t code_point);

/// `text` made safe for an error message: at most `max_bytes` of it, control bytes and malformed
/// UTF-8 shown as \xNN, in double quotes, "..." where it was cut.
std::string in_quotes(std::string_view text, std::size_t max_bytes = 80);

}  // namespace lacuna::weights
