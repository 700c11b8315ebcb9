#include "tools/lacuna/output_path.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <regex>

#include "tools/lacuna/failure.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;

std::string numbered(const std::smatch& directive, int number) {
  const int width = directive[1].length() ? std::stoi(directive[1]) : 0;
  std::string digits = std::to_string(number);
  if (int(digits.size()) < width) digits.insert(0, std::size_t(width) - digits.size(), '0');
  return directive.prefix().str() + digits + directive.suffix().str();
}

}  // namespace

std::vector<std::string> output_paths(const std::string& pattern, int count) {
  static const std::regex kDirective("%0?([0-9]?)d");
  std::smatch match;
  const bool has_directive = std::regex_search(pattern, match, kDirective);
  const std::string rest = has_directive ? match.prefix().str() + match.suffix().str() : pattern;
  if (has_directive && rest.find('%') != std::string::npos) {
    throw bad_flag("--output", "one %d or %03d at most", "\"" + pattern + "\"");
  }
  if (pattern == "-" && count > 1) {
    throw bad_flag("--output", "a file name when there are several pictures", "-");
  }
  std::vector<std::string> paths;
  for (int i = 1; i <= count; ++i) {
    if (has_directive) {
      paths.push_back(numbered(match, i));
    } else if (count == 1) {
      paths.push_back(pattern);
    } else {
      const fs::path path(pattern);
      paths.push_back((path.parent_path() /
                       (path.stem().string() + "-" + std::to_string(i) + path.extension().string()))
                          .string());
    }
  }
  return paths;
}

void check_writable(const std::string& path) {
  if (path == "-") return;
  std::error_code error;
  const fs::path target(path);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    throw Failure(kMissingFile,
                  "--output: there is no folder " + folder.string() + "; make it first");
  }
  if (fs::is_directory(target, error)) {
    throw Failure(kInputOutput, "--output: " + path + " is a folder; name a file");
  }
  if (access(folder.c_str(), W_OK) != 0) {
    throw Failure(kInputOutput, "--output: the folder " + folder.string() + " is not writable");
  }
}

}  // namespace lacuna::tools
