#include "vision/png_text.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "runtime/weights/utf8.h"
#include "vision/image_error.h"
#include "vision/png_chunks.h"
#include "vision/png_file.h"

namespace lacuna::vision {

namespace {

constexpr std::size_t kTextEntryLimit = std::size_t{1} << 20;
constexpr std::size_t kTextTotalLimit = std::size_t{8} << 20;

std::string latin1_to_utf8(Bytes text) {
  std::string out;
  for (const std::uint8_t c : text) weights::append_utf8(out, c);
  return out;
}

/// `text` as Latin-1, nothing where it has a character that Latin-1 cannot print (a line feed is
/// allowed). `text` is valid UTF-8.
std::optional<std::vector<std::uint8_t>> utf8_to_latin1(std::string_view text) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = std::uint8_t(text[i]);
    if (c >= 0xc4) return std::nullopt;  // starts U+0100 or above
    if (c >= 0xc2) c = std::uint8_t(c << 6 | (std::uint8_t(text[++i]) & 0x3f));
    const bool printable = c == '\n' || (c >= 0x20 && c < 0x7f) || c >= 0xa0;
    if (!printable) return std::nullopt;
    out.push_back(c);
  }
  return out;
}

/// UTF-8 as it stands, or read as Latin-1 where it is not valid UTF-8.
std::string as_utf8(Bytes text) {
  const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
  return weights::find_invalid_utf8(view) == std::string_view::npos ? std::string(view)
                                                                    : latin1_to_utf8(text);
}

/// Splits off what stands before the next NUL. Nothing where there is none.
std::optional<Bytes> split_at_nul(Bytes& rest) {
  const auto nul = std::ranges::find(rest, std::uint8_t{0});
  if (nul == rest.end()) return std::nullopt;
  const auto length = std::size_t(nul - rest.begin());
  const Bytes head = rest.first(length);
  rest = rest.subspan(length + 1);
  return head;
}

std::vector<std::uint8_t> unpack_text(Bytes packed, const std::string& name) {
  std::vector<std::uint8_t> out;
  Inflater inflater;
  const bool sound = inflater.feed(packed, [&](Bytes piece) {
    out.insert(out.end(), piece.begin(), piece.end());
    return out.size() <= kTextEntryLimit;
  });
  if (out.size() > kTextEntryLimit) {
    throw ImageError(ImageError::Kind::too_large, name, "a text entry of the PNG is over 1 MiB");
  }
  if (!sound || !inflater.finished()) throw_malformed_png(name, "damaged PNG: a packed text entry");
  return out;
}

PngText parse_text(const PngChunk& chunk, const std::string& name) {
  Bytes rest = chunk.data;
  const auto key = split_at_nul(rest);
  if (!key || key->empty() || key->size() > 79) {
    throw_malformed_png(name, "damaged PNG: a text entry without a key");
  }
  const std::string key_text = latin1_to_utf8(*key);
  if (chunk.type == "tEXt") return {key_text, latin1_to_utf8(rest)};
  if (chunk.type == "zTXt") {
    if (rest.empty() || rest[0] != 0) throw_malformed_png(name, "damaged PNG: a packed text entry");
    return {key_text, latin1_to_utf8(unpack_text(rest.subspan(1), name))};
  }
  if (rest.size() < 2 || rest[0] > 1 || (rest[0] == 1 && rest[1] != 0)) {
    throw_malformed_png(name, "damaged PNG: an iTXt entry");
  }
  const bool packed = rest[0] == 1;
  rest = rest.subspan(2);
  if (!split_at_nul(rest) || !split_at_nul(rest))
    throw_malformed_png(name, "damaged PNG: an iTXt entry");
  return {key_text, packed ? as_utf8(unpack_text(rest, name)) : as_utf8(rest)};
}

void check_key(const std::string& key) {
  const bool printable_ascii =
      std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; });
  if (key.empty() || key.size() > 79 || !printable_ascii || key.front() == ' ' ||
      key.back() == ' ') {
    throw std::invalid_argument(
        "[with_png_texts] expected a key of 1 to 79 printable ASCII characters without a space at "
        "either end, got '" +
        key + "'");
  }
}

}  // namespace

std::vector<PngText> read_png_texts(Bytes file, const std::string& name) {
  if (!is_png(file)) {
    throw ImageError(ImageError::Kind::unsupported, name,
                     "only PNG files carry text entries, and this is not a PNG");
  }
  std::vector<PngText> texts;
  std::size_t total = 0;
  for (const PngChunk& chunk : read_png_chunks(file, name)) {
    if (chunk.type != "tEXt" && chunk.type != "zTXt" && chunk.type != "iTXt") continue;
    texts.push_back(parse_text(chunk, name));
    total += texts.back().key.size() + texts.back().value.size();
    if (total > kTextTotalLimit) {
      throw ImageError(ImageError::Kind::too_large, name,
                       "the text entries of the PNG are over 8 MiB together");
    }
  }
  return texts;
}

std::vector<std::uint8_t> with_png_texts(Bytes png, std::span<const PngText> texts) {
  constexpr std::size_t kHeaderEnd = 8 + 12 + 13;
  if (!is_png(png) || png.size() < kHeaderEnd) {
    throw std::invalid_argument("[with_png_texts] expected a PNG file");
  }
  std::vector<std::uint8_t> out(png.begin(), png.begin() + kHeaderEnd);
  for (const PngText& text : texts) {
    check_key(text.key);
    if (weights::find_invalid_utf8(text.value) != std::string_view::npos ||
        text.value.find('\0') != std::string::npos) {
      throw std::invalid_argument(
          "[with_png_texts] expected valid UTF-8 without NUL in the value of '" + text.key + "'");
    }
    std::vector<std::uint8_t> data(text.key.begin(), text.key.end());
    data.push_back(0);
    if (const auto latin1 = utf8_to_latin1(text.value)) {
      data.insert(data.end(), latin1->begin(), latin1->end());
      append_png_chunk(out, "tEXt", data);
    } else {
      // Not compressed; no language, no translated key.
      data.insert(data.end(), {0, 0, 0, 0});
      data.insert(data.end(), text.value.begin(), text.value.end());
      append_png_chunk(out, "iTXt", data);
    }
  }
  out.insert(out.end(), png.begin() + kHeaderEnd, png.end());
  return out;
}

}  // namespace lacuna::vision
