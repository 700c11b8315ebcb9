#pragma once

#include <string>
#include <vector>

namespace lacuna::tools {

/// `text` as it is, or all of stdin without its last line break for "-". Throws Failure (kBadValue)
/// when it is not UTF-8; `flag` names the option.
std::string prompt_text(const std::string& flag, const std::string& text);
/// Lines that are not empty, of a file or of stdin for "-". Throws Failure.
std::vector<std::string> prompt_lines(const std::string& flag, const std::string& path);

}  // namespace lacuna::tools
