#include "tests/architecture/hygiene.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace lacuna::architecture {
namespace {

// Objects: their mere name is a violation.
constexpr std::string_view kStreams[] = {"cout", "cerr", "clog"};

// Functions: a violation where they are called and are not somebody's method.
constexpr std::string_view kFunctions[] = {
    "printf", "vprintf", "fprintf", "vfprintf", "puts",       "fputs",         "putchar",
    "perror", "exit",    "_exit",   "_Exit",    "quick_exit", "abort",         "terminate",
    "getenv", "setenv",  "putenv",  "system",   "unsetenv",   "secure_getenv",
};

bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool contains(std::string_view const* begin, std::string_view const* end, std::string_view what) {
  return std::find(begin, end, what) != end;
}

bool is_method(std::string_view code, std::size_t start) {
  return (start >= 1 && code[start - 1] == '.') ||
         (start >= 2 && code.substr(start - 2, 2) == "->");
}

}  // namespace

std::vector<std::string> process_violations(const SourceFile& file) {
  std::vector<std::string> violations;
  const std::string_view code = file.code;
  int line = 1;
  for (std::size_t at = 0; at < code.size();) {
    if (!is_identifier(code[at])) {
      line += code[at] == '\n' ? 1 : 0;
      ++at;
      continue;
    }
    const std::size_t start = at;
    while (at < code.size() && is_identifier(code[at])) ++at;
    const std::string_view word = code.substr(start, at - start);
    const std::size_t next = code.find_first_not_of(" \t", at);
    const bool called = next != std::string_view::npos && code[next] == '(';
    const bool bad = contains(std::begin(kStreams), std::end(kStreams), word) ||
                     (called && !is_method(code, start) &&
                      contains(std::begin(kFunctions), std::end(kFunctions), word));
    if (bad) {
      violations.push_back(file.path + ":" + std::to_string(line) + ": a library may not use " +
                           std::string(word));
    }
  }
  return violations;
}

bool is_library_file(const SourceFile& file) {
  for (const std::string_view folder : {"tools", "tests"}) {
    if (lies_in(file.path, folder)) return false;
  }
  return !file.path.ends_with("main.cpp");
}

std::vector<int> non_ascii_lines(const std::string& text) {
  std::vector<int> lines;
  int line = 1;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80 && (lines.empty() || lines.back() != line)) {
      lines.push_back(line);
    }
    line += c == '\n' ? 1 : 0;
  }
  return lines;
}

}  // namespace lacuna::architecture
