#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/architecture/source_tree.h"

namespace lacuna::architecture {

/// What the files of one folder may include, beside their own folder and the standard library.
struct FolderRule {
  std::string_view folder;  ///< or one file without extension; the longest that matches counts
  std::vector<std::string_view> project;    ///< folders, or single files without extension
  std::vector<std::string_view> forbidden;  ///< taken out of `project`, unless that is more exact
  std::vector<std::string_view> externals;  ///< names of rows of external_groups()
};

/// A library outside the project: how its headers are recognised.
struct ExternalGroup {
  std::string_view name;
  std::vector<std::string_view> prefixes;  ///< a header belongs here if it starts with one
};

/// The include rules of ARCHITECTURE.md, section 2, as data.
const std::vector<FolderRule>& folder_rules();

/// The external libraries that the project uses.
const std::vector<ExternalGroup>& external_groups();

/// One sentence for each include of the file that its folder's rule does not allow.
std::vector<std::string> include_violations(const SourceFile& file);

}  // namespace lacuna::architecture
