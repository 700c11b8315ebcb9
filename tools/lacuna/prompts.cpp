#include "tools/lacuna/prompts.h"

#include <algorithm>
#include <sstream>

#include "runtime/weights/mapped_file.h"
#include "runtime/weights/utf8.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/picture_output.h"

namespace lacuna::tools {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;

std::string checked(const std::string& flag, std::string text) {
  const std::size_t bad = weights::find_invalid_utf8(text);
  if (bad != std::string::npos) {
    throw Failure(kBadValue, flag + ": expected text in UTF-8, but byte " + std::to_string(bad) +
                                 " of " + weights::in_quotes(text) + " is none");
  }
  return text;
}

}  // namespace

std::string prompt_text(const std::string& flag, const std::string& text) {
  if (text != "-") return checked(flag, text);
  std::string input = read_stdin(kMostBytes);
  while (!input.empty() && (input.back() == '\n' || input.back() == '\r')) input.pop_back();
  return checked(flag, std::move(input));
}

std::vector<std::string> prompt_lines(const std::string& flag, const std::string& path) {
  std::istringstream text(path == "-" ? read_stdin(kMostBytes)
                                      : weights::read_regular_file(path, kMostBytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty())
      lines.push_back(checked(flag + ", line " + std::to_string(lines.size() + 1), line));
  }
  if (lines.empty())
    throw Failure(kBadData, flag + ": " + path + " holds no prompt; expected one a line");
  return lines;
}

void check_one_reads_stdin(const std::vector<std::string>& inputs) {
  if (std::ranges::count(inputs, "-") > 1) {
    throw Failure(kUsage, "only one input can be read from stdin (-); name a file for the others");
  }
}

}  // namespace lacuna::tools
