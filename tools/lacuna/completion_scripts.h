#pragma once

#include <string>

namespace lacuna::tools {

/// Completion scripts made from the list of verbs and their options.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace lacuna::tools
