#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "tools/lacuna/options.h"

namespace lacuna::tools {

/// Reads a configuration file in TOML: "steps = 8" at the top holds for every verb that has
/// --steps, the same below "[generate]" for that verb alone. Throws Failure: kMissingFile,
/// kBadValue for a key that no verb has.
std::vector<ConfigValue> read_config_file(const std::filesystem::path& path);

/// LACUNA_CONFIG, else lacuna/config.toml below XDG_CONFIG_HOME or ~/.config where that is there.
/// What is named by LACUNA_CONFIG must exist.
std::vector<ConfigValue> default_config(const Environment& environment);

/// The entries that concern one verb, those of its own section last.
std::vector<ConfigValue> config_for(std::string_view verb, std::span<const ConfigValue> config);

}  // namespace lacuna::tools
