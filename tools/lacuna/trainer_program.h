#pragma once

#include <filesystem>

namespace lacuna::tools {

/// lacuna-train beside this executable or in PATH. Throws Failure (kUnavailable) where it is not.
std::filesystem::path trainer_program();

}  // namespace lacuna::tools
