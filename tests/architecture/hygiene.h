#pragma once

#include <string>
#include <vector>

#include "tests/architecture/source_tree.h"

namespace lacuna::architecture {

/// One sentence for each place where the code prints, ends the process or reads the environment.
std::vector<std::string> process_violations(const SourceFile& file);

/// Is the file part of a library? Tools, tests and the files holding a main() are not.
bool is_library_file(const SourceFile& file);

/// Line numbers, from 1, that hold a byte outside ASCII.
std::vector<int> non_ascii_lines(const std::string& text);

}  // namespace lacuna::architecture
