#pragma once

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "runtime/weights/utf8.h"

namespace lacuna::test {

inline const std::filesystem::path kTokenizerFixtures =
    std::filesystem::path(LACUNA_SOURCE_DIR) / "tests/golden/fixtures/tokenizer_sentencepiece";

/// Captions made of a small vocabulary, some with accents and digits; the same every time.
inline std::vector<std::string> captions(std::size_t count) {
  const std::vector<std::string> styles = {"3d emoji", "flat emoji", "line icon", "pixel art"};
  const std::vector<std::string> nouns = {"goat",  "red apple", "house", "caf\xC3\xA9", "tree",
                                          "clock", "blue fish", "star",  "ni\xC3\xB1o", "cat"};
  std::mt19937 random(1);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines.push_back(styles[random() % styles.size()] + ": " + nouns[random() % nouns.size()] +
                    (random() % 3 == 0 ? " and " + nouns[random() % nouns.size()] : "") +
                    (random() % 5 == 0 ? ", number " + std::to_string(random() % 100) : ""));
  }
  return lines;
}

/// Random UTF-8 without U+2581, which every SentencePiece model reads as a space.
inline std::string random_text(std::mt19937& random, std::size_t max_characters) {
  std::string text;
  for (auto n = random() % (max_characters + 1); n > 0; --n) {
    const char32_t limits[] = {0x80, 0x80, 0x250, 0x3000, 0x10000, 0x110000};
    char32_t c = random() % limits[random() % std::size(limits)];
    if (random() % 5 == 0) c = ' ';
    if (c == 0 || c == 0x2581 || (c >= 0xD800 && c <= 0xDFFF)) c = 'x';
    weights::append_utf8(text, c);
  }
  return text;
}

}  // namespace lacuna::test
