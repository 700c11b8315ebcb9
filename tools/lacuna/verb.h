#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/lacuna/exit_code.h"
#include "tools/lacuna/options.h"

namespace lacuna::tools {

/// What one verb does once its options are parsed.
using Action = std::function<ExitCode()>;

/// One verb of the command line. `declare` puts the options of a run into `options`, with their
/// variables inside the action that it returns.
struct Verb {
  std::string_view name;
  std::string_view arguments;  // "-p TEXT [options]"
  std::string_view summary;
  std::string_view example;
  Action (*declare)(Options& options);
  /// Everything after the verb goes to another program as it is; `declare` is then null.
  ExitCode (*forward)(const std::vector<std::string>& arguments) = nullptr;
};

/// Every verb in the order of the help.
std::span<const Verb> verbs();
/// nullptr when there is none of that name.
const Verb* find_verb(std::string_view name);

}  // namespace lacuna::tools
