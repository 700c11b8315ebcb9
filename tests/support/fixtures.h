#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace lacuna::testing_support {

/// Where tiny checkpoints in released layouts and the results of the original code lie: the folder that the
/// environment variable LACUNA_FIXTURES names, else tests/golden/fixtures.
inline std::filesystem::path fixtures_root() {
  const char* named = std::getenv("LACUNA_FIXTURES");
  if (named != nullptr && *named != '\0') return named;
  return std::filesystem::path(LACUNA_SOURCE_DIR) / "tests/golden/fixtures";
}

/// Regular files below fixtures_root() whose names end with `suffix`, sorted.
inline std::vector<std::filesystem::path> fixtures_named(const std::string& suffix) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixtures_root())) {
    if (entry.is_regular_file() && entry.path().filename().string().ends_with(suffix)) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace lacuna::testing_support
