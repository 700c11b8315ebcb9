#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>

#include "runtime/weights/json.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

/// Recursive descent; the depth limit bounds the recursion.
class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Json parse() {
    skip_space();
    Json value = parse_value(0);
    skip_space();
    if (at_ < text_.size()) fail(at_, "expected the end of the text after the value");
    return value;
  }

  [[noreturn]] void fail(std::size_t offset, const std::string& message) const {
    const std::string_view before = text_.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t last_break = before.rfind('\n');
    const std::size_t column = offset - (last_break == before.npos ? 0 : last_break + 1) + 1;
    std::string where = "byte " + std::to_string(offset) + " (line " + std::to_string(line) +
                        ", column " + std::to_string(column) + "): " + message;
    if (offset >= text_.size() && !message.starts_with("at most")) where += ", got the end";
    throw JsonError(offset, where);
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  Json parse_value(std::size_t depth) {
    if (++values_ > limits_.max_values) {
      fail(at_, "at most " + std::to_string(limits_.max_values) + " values are allowed");
    }
    switch (peek()) {
      case '{':
        return parse_object(depth + 1);
      case '[':
        return parse_array(depth + 1);
      case '"':
        return Json(parse_string());
      case 't':
        return parse_word("true", Json(true));
      case 'f':
        return parse_word("false", Json(false));
      case 'n':
        return parse_word("null", Json());
      default:
        return parse_number();
    }
  }

  Json parse_word(std::string_view word, Json value) {
    if (text_.substr(at_, word.size()) != word) fail(at_, "expected a value");
    at_ += word.size();
    return value;
  }

  void check_depth(std::size_t depth) const {
    if (depth > limits_.max_depth) {
      fail(at_, "at most " + std::to_string(limits_.max_depth) + " nested levels are allowed");
    }
  }

  Json parse_array(std::size_t depth) {
    check_depth(depth);
    ++at_;
    Json::Array elements;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return Json(std::move(elements));
    }
    for (;;) {
      skip_space();
      elements.push_back(parse_value(depth));
      skip_space();
      const char c = peek();
      if (c != ',' && c != ']') fail(at_, "expected ',' or ']' in an array");
      ++at_;
      if (c == ']') return Json(std::move(elements));
    }
  }

  Json parse_object(std::size_t depth) {
    check_depth(depth);
    ++at_;
    Json::Object members;
    std::vector<std::size_t> key_offsets;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return Json(std::move(members));
    }
    for (;;) {
      skip_space();
      if (peek() != '"') fail(at_, "expected a quoted key");
      key_offsets.push_back(at_);
      std::string key = parse_string();
      skip_space();
      if (peek() != ':') fail(at_, "expected ':' after a key");
      ++at_;
      skip_space();
      members.push_back({std::move(key), parse_value(depth)});
      skip_space();
      const char c = peek();
      if (c != ',' && c != '}') fail(at_, "expected ',' or '}' in an object");
      ++at_;
      if (c == '}') break;
    }
    refuse_duplicates(members, key_offsets);
    return Json(std::move(members));
  }

  // Sorting, not hashing: chosen keys cannot make it slow.
  void refuse_duplicates(const Json::Object& members,
                         const std::vector<std::size_t>& offsets) const {
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return members[a].key < members[b].key; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (members[order[i]].key == members[order[i - 1]].key) {
        fail(offsets[order[i]], "key " + in_quotes(members[order[i]].key) + " occurs twice");
      }
    }
  }

  bool digit() const { return peek() >= '0' && peek() <= '9'; }

  void skip_digits(const char* where) {
    if (!digit()) fail(at_, std::string("expected a digit ") + where);
    while (digit()) ++at_;
  }

  Json parse_number() {
    const std::size_t begin = at_;
    const bool negative = peek() == '-';
    if (negative) ++at_;
    if (!digit()) fail(begin, negative ? "expected a digit after '-'" : "expected a value");
    if (peek() == '0') {
      ++at_;
      if (digit()) fail(at_, "expected no digit after a leading zero");
    } else {
      skip_digits("");
    }
    bool whole = true;
    if (peek() == '.') {
      whole = false;
      ++at_;
      skip_digits("after '.'");
    }
    if (peek() == 'e' || peek() == 'E') {
      whole = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      skip_digits("in an exponent");
    }
    const char* first = text_.data() + begin;
    const char* last = text_.data() + at_;
    if (whole) {
      std::int64_t integer = 0;
      const auto result = std::from_chars(first, last, integer);
      // "-0" has a sign that only a double can keep; a longer integer becomes the nearest double.
      if (result.ec == std::errc() && !(negative && integer == 0)) return Json(integer);
    }
    double number = 0;
    if (std::from_chars(first, last, number).ec != std::errc()) {
      fail(begin, "expected a number in the range of a double");
    }
    return Json(number);
  }

  unsigned parse_hex4() {
    unsigned value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      unsigned nibble = 0;
      if (c >= '0' && c <= '9') {
        nibble = static_cast<unsigned>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        nibble = static_cast<unsigned>(c - 'a') + 10;
      } else if (c >= 'A' && c <= 'F') {
        nibble = static_cast<unsigned>(c - 'A') + 10;
      } else {
        fail(at_, "expected four hexadecimal digits after \\u");
      }
      value = value * 16 + nibble;
    }
    return value;
  }

  void parse_unicode_escape(std::string& out, std::size_t begin) {
    const unsigned unit = parse_hex4();
    if (unit >= 0xDC00 && unit <= 0xDFFF) fail(begin, "expected no lone low surrogate");
    if (unit < 0xD800 || unit > 0xDBFF) return append_utf8(out, unit);
    if (text_.substr(at_, 2) != "\\u") fail(at_, "expected a low surrogate after a high one");
    at_ += 2;
    const unsigned low = parse_hex4();
    if (low < 0xDC00 || low > 0xDFFF) fail(begin, "expected a low surrogate after a high one");
    append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
  }

  void parse_escape(std::string& out) {
    const std::size_t begin = at_++;
    const char c = peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return;
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'n':
        out += '\n';
        return;
      case 'r':
        out += '\r';
        return;
      case 't':
        out += '\t';
        return;
      case 'u':
        return parse_unicode_escape(out, begin);
      default:
        fail(begin, "expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    }
  }

  std::string parse_string() {
    const std::size_t begin = at_++;
    std::string out;
    for (;;) {
      const std::size_t run = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      out += text_.substr(run, at_ - run);
      if (at_ >= text_.size()) fail(begin, "expected a closing '\"'");
      if (text_[at_] == '"') break;
      if (text_[at_] != '\\') fail(at_, "expected no raw control character in a string");
      parse_escape(out);
    }
    ++at_;
    return out;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

}  // namespace

Json Json::parse(std::string_view text, const JsonLimits& limits) {
  if (limits.max_depth < 1 || limits.max_depth > 512) {
    throw std::invalid_argument("[Json::parse] expected max_depth in [1, 512], got " +
                                std::to_string(limits.max_depth));
  }
  Parser parser(text, limits);
  if (text.size() > limits.max_bytes) {
    throw JsonError(limits.max_bytes, "expected at most " + std::to_string(limits.max_bytes) +
                                          " bytes, got " + std::to_string(text.size()));
  }
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    parser.fail(bad, "expected UTF-8");
  }
  return parser.parse();
}

}  // namespace lacuna::weights
