#include "fusion/training/toml.h"

#include <algorithm>
#include <set>

namespace lacuna::training {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_key_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/// Reads one line.
class LineReader {
 public:
  LineReader(std::string_view line, std::string where) : rest_(line), where_(std::move(where)) {}

  [[noreturn]] void fail(const std::string& message) const { throw OptionError(where_ + message); }

  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  bool at_end() {
    skip_space();
    return rest_.empty() || rest_.front() == '#';
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect_end() {
    if (!at_end()) fail("expected the end of the line, got \"" + std::string(rest_) + "\"");
  }
  std::string key() {
    skip_space();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_key_char);
    const std::string name(rest_.begin(), end);
    if (name.empty()) fail("expected a name of letters, digits, - and _, got \"" + std::string(rest_) + "\"");
    rest_.remove_prefix(name.size());
    return name;
  }
  void value(TomlEntry& entry);

 private:
  std::string basic_string();
  std::string literal_string();
  std::string number();

  std::string_view rest_;
  std::string where_;
};

std::string LineReader::basic_string() {
  std::string out;
  while (!rest_.empty() && rest_.front() != '"') {
    char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    c = rest_.empty() ? '\0' : rest_.front();
    if (c == 'n') out += '\n';
    else if (c == 't') out += '\t';
    else if (c == '"' || c == '\\') out += c;
    else fail("expected one of \\\" \\\\ \\n \\t after a backslash");
    rest_.remove_prefix(1);
  }
  if (rest_.empty()) fail("expected a closing \"");
  rest_.remove_prefix(1);
  return out;
}

std::string LineReader::literal_string() {
  const auto end = rest_.find('\'');
  if (end == std::string_view::npos) fail("expected a closing '");
  const std::string out(rest_.substr(0, end));
  rest_.remove_prefix(end + 1);
  return out;
}

std::string LineReader::number() {
  std::string text;
  while (!rest_.empty() && !is_space(rest_.front()) && rest_.front() != '#') {
    text += rest_.front();
    rest_.remove_prefix(1);
  }
  const auto fail_number = [&] {
    fail("expected a number, a boolean or a string in quotes, got \"" + text + "\"");
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      fail_number();
    }
  }
  std::size_t i = !plain.empty() && (plain[0] == '-' || plain[0] == '+') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < plain.size() && is_digit(plain[i])) ++i;
    return i > from;
  };
  bool ok = digits();
  if (ok && i < plain.size() && plain[i] == '.') ok = (++i, digits());
  if (ok && i < plain.size() && (plain[i] == 'e' || plain[i] == 'E')) {
    ++i;
    if (i < plain.size() && (plain[i] == '-' || plain[i] == '+')) ++i;
    ok = digits();
  }
  if (!ok || i != plain.size()) fail_number();
  return plain;
}

void LineReader::value(TomlEntry& entry) {
  if (at_end()) fail("expected a value after =");
  if (take('"')) {
    entry.kind = TomlEntry::Kind::string;
    entry.value = basic_string();
  } else if (take('\'')) {
    entry.kind = TomlEntry::Kind::string;
    entry.value = literal_string();
  } else if (rest_.starts_with("true") || rest_.starts_with("false")) {
    entry.kind = TomlEntry::Kind::boolean;
    entry.value = rest_.starts_with("true") ? "true" : "false";
    rest_.remove_prefix(entry.value.size());
  } else {
    entry.kind = TomlEntry::Kind::number;
    entry.value = number();
  }
}

}  // namespace

std::vector<TomlEntry> parse_toml(std::string_view text, const std::string& file) {
  std::vector<TomlEntry> entries;
  std::set<std::pair<std::string, std::string>> seen;
  std::string section;
  for (int line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    std::string_view content = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (content.ends_with('\r')) content.remove_suffix(1);
    LineReader reader(content, file + ":" + std::to_string(line) + ": ");
    if (reader.at_end()) continue;
    if (reader.take('[')) {
      section = reader.key();
      if (!reader.take(']')) reader.fail("expected ] after the section's name");
      reader.expect_end();
      continue;
    }
    TomlEntry entry;
    entry.section = section;
    entry.line = line;
    entry.key = reader.key();
    if (!reader.take('=')) reader.fail("expected = after \"" + entry.key + "\"");
    reader.value(entry);
    reader.expect_end();
    if (!seen.insert({section, entry.key}).second) reader.fail("\"" + entry.key + "\" is there twice");
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else out += c;
  }
  return out + "\"";
}

}  // namespace lacuna::training
