#pragma once

#include <string>
#include <vector>

namespace lacuna::tools {

/// `text` as it is, or all of stdin without its last line break for "-". Throws Failure (kBadValue)
/// when it is not UTF-8; `flag` names the option.
std::string prompt_text(const std::string& flag, const std::string& text);
/// Lines that are not empty, of a file or of stdin for "-". Throws Failure.
std::vector<std::string> prompt_lines(const std::string& flag, const std::string& path);
/// Throws Failure (kUsage) when more than one of these inputs is "-": stdin can be read once.
void check_one_reads_stdin(const std::vector<std::string>& inputs);

}  // namespace lacuna::tools
