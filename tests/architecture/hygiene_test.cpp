#include "tests/architecture/hygiene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

namespace lacuna::architecture {
namespace {

const std::filesystem::path kRoot = LACUNA_SOURCE_DIR;

// A developer's own folder; spelled in two parts so that this file does not find itself.
const std::string kPrivatePath = std::string("/work") + "/";

std::size_t violations(const std::string& text) {
  return process_violations(make_source_file("text/a.cpp", text)).size();
}

TEST(Hygiene, LibrariesNeverPrintExitOrReadTheEnvironment) {
  std::size_t checked = 0;
  for (const SourceFile& file : read_source_tree(kRoot)) {
    if (!is_library_file(file)) continue;
    ++checked;
    for (const std::string& violation : process_violations(file)) ADD_FAILURE() << violation;
  }
  EXPECT_GT(checked, 10U);
}

TEST(Hygiene, SourcesAreAscii) {
  for (const SourceFile& file : read_source_tree(kRoot)) {
    for (const int line : non_ascii_lines(file.text)) {
      ADD_FAILURE() << file.path << ":" << line << ": write \\u escapes instead";
    }
  }
}

TEST(Hygiene, NoAbsolutePathOfADeveloper) {
  for (const SourceFile& file : read_source_tree(kRoot)) {
    EXPECT_EQ(file.text.find(kPrivatePath), std::string::npos) << file.path;
  }
  const auto documents = list_documents(kRoot);
  EXPECT_GE(documents.size(), 3U);
  for (const std::string& path : documents) {
    EXPECT_EQ(read_text(kRoot / path).find(kPrivatePath), std::string::npos) << path;
  }
}

TEST(Hygiene, HeadersGuardThemselves) {
  for (const SourceFile& file : read_source_tree(kRoot)) {
    if (!file.path.ends_with(".h")) continue;
    EXPECT_NE(file.code.find("#pragma once"), std::string::npos) << file.path;
    EXPECT_EQ(file.code.find("using namespace"), std::string::npos) << file.path;
  }
}

TEST(Hygiene, TheCheckSeesWhatItShould) {
  EXPECT_EQ(violations("std::cout << 1;"), 1U);
  EXPECT_EQ(violations("std :: printf (\"x\");"), 1U);
  EXPECT_EQ(violations("if (x) exit(1); abort();"), 2U);
  EXPECT_EQ(violations("auto* home = std::getenv(\"HOME\");"), 1U);
}

TEST(Hygiene, TheCheckSeesNoMore) {
  EXPECT_EQ(violations("// std::cout, exit(1)\n/* abort() */ const char* s = \"printf(1)\";"), 0U);
  EXPECT_EQ(
      violations("std::snprintf(b, n, \"%d\", 1); loop.exit(); p->abort(); int exit_code(2);"), 0U);
  EXPECT_EQ(
      violations("auto s = R\"x(exit(1) \" )\" )x\"; int n = 1'000; char q = '\"'; f('\\'');"), 0U);
}

TEST(Hygiene, StrippingKeepsTheLines) {
  const std::string text = "a /* b\nc */ d // e\n\"f\\\"g\" h\nR\"(i\nj)\" k\n";
  const std::string code = strip_comments_and_literals(text);
  EXPECT_EQ(code.size(), text.size());
  EXPECT_EQ(std::count(code.begin(), code.end(), '\n'), std::count(text.begin(), text.end(), '\n'));
  for (const char gone : {'b', 'c', 'e', 'f', 'g', 'i', 'j'}) {
    EXPECT_EQ(code.find(gone), std::string::npos) << gone;
  }
  for (const char kept : {'a', 'd', 'h', 'k'})
    EXPECT_NE(code.find(kept), std::string::npos) << kept;
}

TEST(Hygiene, NonAsciiBytesAreFoundByLine) {
  EXPECT_EQ(non_ascii_lines("a\n\xc3\xa9\xc3\xa9\nb\n\xff"), (std::vector<int>{2, 4}));
}

}  // namespace
}  // namespace lacuna::architecture
