#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/split_pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace lacuna::text {
namespace {

/// Unicode's White_Space, for use inside a class. PCRE2's own \s has U+180E as well.
constexpr std::string_view kSpaces =
    R"(\t-\r\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

/// Steps of matching at one place; a text that needs more makes the expression unreasonable, not the text.
constexpr std::uint32_t kMatchLimit = 10'000'000;
/// Memory of one match.
constexpr std::uint32_t kHeapKibibytes = 256 << 10;

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("[SplitPattern] " + what); }

/// From Oniguruma's meaning to PCRE2's: \s and \S as White_Space. What else differs is refused.
std::string translated(std::string_view expression) {
  std::string out;
  int depth = 0;  // 1 inside of [ ]
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c != '\\') {
      if (depth > 0 && expression.substr(i, 2) == "[:") {
        const std::size_t end = expression.find(":]", i);
        if (end == std::string_view::npos) fail("[: without :] at byte " + std::to_string(i));
        out += expression.substr(i, end + 2 - i);
        i = end + 1;
        continue;
      }
      if (depth > 0 && (c == '[' || expression.substr(i, 2) == "&&")) {
        fail("a class inside a class or an intersection at byte " + std::to_string(i));
      }
      if (c == '[') depth = 1;
      if (c == ']') depth = 0;
      out += c;
      continue;
    }
    if (i + 1 == expression.size()) fail("a backslash at the end");
    const char escaped = expression[++i];
    if (escaped == 's') {
      out += depth > 0 ? std::string(kSpaces) : "[" + std::string(kSpaces) + "]";
    } else if (escaped == 'S') {
      if (depth > 0) fail("\\S inside a class at byte " + std::to_string(i - 1));
      out += "[^" + std::string(kSpaces) + "]";
    } else if (escaped == 'h' || escaped == 'H' || escaped == 'R' || escaped == 'K' || escaped == 'C') {
      fail(std::string("\\") + escaped + ", which is not supported, at byte " + std::to_string(i - 1));
    } else {
      out += '\\';
      out += escaped;
    }
  }
  return out;
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct SplitPattern::Code {
  std::unique_ptr<pcre2_code, FreeCode> compiled;
  std::unique_ptr<pcre2_match_context, FreeContext> context;
};

SplitPattern::SplitPattern(std::string_view expression) : code_(std::make_unique<Code>()) {
  if (expression.size() > kMaxBytes) {
    fail("expected an expression of at most " + std::to_string(kMaxBytes) + " bytes, got " +
         std::to_string(expression.size()));
  }
  const std::string pattern = translated(expression);
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
  code_->compiled.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error,
                                      &offset, nullptr));
  if (!code_->compiled) {
    PCRE2_UCHAR message[160] = {};
    pcre2_get_error_message(error, message, sizeof message);
    fail("not a regular expression: " + std::string(reinterpret_cast<const char*>(message)) + " near \"" +
         pattern.substr(offset < 12 ? 0 : offset - 12, 24) + "\"");
  }
  code_->context.reset(pcre2_match_context_create(nullptr));
  if (!code_->context) throw std::bad_alloc();
  pcre2_set_match_limit(code_->context.get(), kMatchLimit);
  pcre2_set_heap_limit(code_->context.get(), kHeapKibibytes);
}

SplitPattern::SplitPattern(SplitPattern&&) noexcept = default;
SplitPattern& SplitPattern::operator=(SplitPattern&&) noexcept = default;
SplitPattern::~SplitPattern() = default;

std::string SplitPattern::quoted(std::string_view literal) {
  std::string out;
  for (const char c : literal) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (byte < 0x20) {
      constexpr char kDigits[] = "0123456789abcdef";
      out += "\\x{";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
      out += '}';
      continue;
    }
    if (!plain) out += '\\';
    out += c;
  }
  return out;
}

std::vector<std::string_view> SplitPattern::split(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, FreeData> data(
      pcre2_match_data_create_from_pattern(code_->compiled.get(), nullptr));
  if (!data) throw std::bad_alloc();
  std::vector<std::string_view> pieces;
  std::size_t done = 0, at = 0;
  while (at < text.size()) {
    const int matches = pcre2_match(code_->compiled.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                    PCRE2_NO_UTF_CHECK, data.get(), code_->context.get());
    if (matches == PCRE2_ERROR_NOMATCH) break;
    if (matches < 0) {
      PCRE2_UCHAR message[160] = {};
      pcre2_get_error_message(matches, message, sizeof message);
      throw std::runtime_error("[SplitPattern] the tokenizer's expression could not be matched: " +
                               std::string(reinterpret_cast<const char*>(message)));
    }
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
    const std::size_t begin = range[0], end = range[1];
    if (end <= begin || begin < at) {  // empty, or moved about by \K in a lookaround: go on one character later
      at = std::max(at, begin) + 1;
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
      continue;
    }
    if (begin > done) pieces.push_back(text.substr(done, begin - done));
    pieces.push_back(text.substr(begin, end - begin));
    done = at = end;
  }
  if (done < text.size()) pieces.push_back(text.substr(done));
  return pieces;
}

}  // namespace lacuna::text
