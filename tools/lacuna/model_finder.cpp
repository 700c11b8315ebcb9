#include "tools/lacuna/model_finder.h"

#include <cstdlib>
#include <vector>

#include "tools/lacuna/failure.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  if (const char* folder = std::getenv("LACUNA_MODELS")) folders.emplace_back(folder);
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    folders.push_back(executable.parent_path().parent_path() / "share" / "lacuna" / "models");
    // A build tree lies one to three folders below the source tree.
    fs::path folder = executable.parent_path();
    for (int i = 0; i < 3; ++i) {
      folder = folder.parent_path();
      folders.push_back(folder / "models");
    }
  }
  return folders;
}

}  // namespace

fs::path find_model(const std::string& path_or_name) {
  std::error_code error;
  if (fs::exists(fs::path(path_or_name) / "config.json", error)) return path_or_name;
  std::string looked = path_or_name;
  if (path_or_name.find('/') == std::string::npos) {
    for (const fs::path& folder : model_folders()) {
      const fs::path candidate = folder / path_or_name;
      if (fs::exists(candidate / "config.json", error)) return candidate;
      looked += ", " + candidate.string();
    }
  }
  throw Failure(kMissingFile, "--model: there is no model folder (with a config.json) called \"" +
                                  path_or_name + "\"; looked at " + looked);
}

}  // namespace lacuna::tools
