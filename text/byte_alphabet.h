#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lacuna::text {

/// The 256 characters that byte-level BPE spells bytes with (GPT-2): printable Latin-1 stands for itself, the other
/// bytes for U+0100 onwards in order.

/// The character of `byte`, as UTF-8.
std::string_view character_of(unsigned char byte);

/// The bytes that `piece` spells, or nothing when it has a character outside the alphabet. `piece` is UTF-8.
std::optional<std::string> bytes_of(std::string_view piece);

/// `bytes` spelt in the alphabet.
std::string spelt(std::string_view bytes);

/// `bytes` as UTF-8, every maximal part that can not continue a character replaced by U+FFFD (Unicode 15, 3.9,
/// "substitution of maximal subparts").
std::string lossy_utf8(std::string_view bytes);

}  // namespace lacuna::text
