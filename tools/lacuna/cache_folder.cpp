#include "tools/lacuna/cache_folder.h"

#include <cstdlib>

namespace lacuna::tools {

std::filesystem::path cache_folder() {
  if (const char* folder = std::getenv("LACUNA_CACHE")) return folder;
  // The XDG directory specification: a relative path is ignored.
  if (const char* folder = std::getenv("XDG_CACHE_HOME")) {
    if (std::filesystem::path(folder).is_absolute()) return std::filesystem::path(folder) / "lacuna";
  }
  if (const char* home = std::getenv("HOME")) {
    if (std::filesystem::path(home).is_absolute()) return std::filesystem::path(home) / ".cache" / "lacuna";
  }
  return {};
}

}  // namespace lacuna::tools
