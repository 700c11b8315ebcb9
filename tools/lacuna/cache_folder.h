#pragma once

#include <filesystem>

namespace lacuna::tools {

/// Where Lacuna keeps what it can make again: LACUNA_CACHE, else lacuna in XDG_CACHE_HOME or ~/.cache; empty where none
/// of them is set, or LACUNA_CACHE is set to nothing.
std::filesystem::path cache_folder();

}  // namespace lacuna::tools
