#pragma once

#include <string>

#include "tools/lacuna/verb.h"

namespace lacuna::tools {

/// `lacuna help`.
std::string overview();
/// `lacuna help VERB`.
std::string help_of(const Verb& verb);
/// `lacuna help exit-codes`, and how options, environment and files rank.
std::string help_exit_codes();
std::string help_environment();
/// Every option of every verb, "generate -s,--seed", one a line.
std::string all_options();

}  // namespace lacuna::tools
