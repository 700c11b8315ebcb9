#pragma once

#include <filesystem>
#include <string>

namespace lacuna::tools {

/// The model that is used when none is named.
inline constexpr const char* kDefaultModel = "glyphs";

/// The folder of a model given as a path or as a name. Names are looked for in LACUNA_MODELS, then
/// beside the executable (../share/lacuna/models of an installed copy, the models folder of a
/// source tree it was built in). Throws Failure (kMissingFile) listing where it looked.
std::filesystem::path find_model(const std::string& path_or_name);

}  // namespace lacuna::tools
