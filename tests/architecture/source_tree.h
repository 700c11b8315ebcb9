#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::architecture {

/// One #include line: the header's name, and whether it stood in "" rather than <>.
struct Include {
  std::string header;
  bool quoted = false;
  int line = 0;  ///< counted from 1
};

/// One C++ file of the project, read once.
struct SourceFile {
  std::string path;  ///< relative to the root, with '/', for example "fusion/graph/graph.h"
  std::string text;  ///< as it stands in the file
  std::string code;  ///< text with comments and the insides of literals blanked, lines kept
  std::vector<Include> includes;
};

/// Blanks comments, string literals (raw ones too) and character literals; newlines stay.
std::string strip_comments_and_literals(std::string_view text);

/// The #include lines of a file; lines inside comments do not count.
std::vector<Include> find_includes(std::string_view text);

/// A SourceFile made from a path and its text.
SourceFile make_source_file(std::string path, std::string text);

/// Every .h and .cpp below the project's source folders. Throws std::runtime_error where a file
/// cannot be read.
std::vector<SourceFile> read_source_tree(const std::filesystem::path& root);

/// Paths, relative to root, of every other file that a person writes (documents, scripts, CMake).
std::vector<std::string> list_documents(const std::filesystem::path& root);

/// A whole file. Throws std::runtime_error where it cannot be read.
std::string read_text(const std::filesystem::path& path);

/// Does path lie in folder? "fusion/graph/a.h" lies in "fusion" and in "fusion/graph".
bool lies_in(std::string_view path, std::string_view folder);

}  // namespace lacuna::architecture
