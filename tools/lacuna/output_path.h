#pragma once

#include <string>
#include <vector>

namespace lacuna::tools {

/// Names of `count` output files. "a%03d.png" is numbered from 1; a plain "a.png" stays for one
/// file and becomes "a-1.png", "a-2.png", ... for several; "-" (stdout) is legal for one alone.
/// Throws Failure (kBadValue) for a pattern with another directive.
std::vector<std::string> output_paths(const std::string& pattern, int count);

/// Throws Failure before any work is done when a file cannot be made there: the folder is missing
/// (kMissingFile) or not writable (kInputOutput).
void check_writable(const std::string& path);

}  // namespace lacuna::tools
