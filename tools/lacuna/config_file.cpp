#include "tools/lacuna/config_file.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <optional>

#include "tools/lacuna/failure.h"
#include "tools/lacuna/verb.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;

/// What the verb calls --key; nothing when it has no such option.
std::optional<Option> find_option(const Verb& verb, const std::string& key) {
  if (verb.declare == nullptr) return std::nullopt;
  Options options;
  const Action action = verb.declare(options);  // keeps the variables alive
  for (const Option& option : options.all()) {
    if (std::ranges::find(option.names, "--" + key) != option.names.end()) return option;
  }
  return std::nullopt;
}

/// Throws Failure for an entry of `values` values that no verb, or not the verb it is for, has an option for.
void check_known(const fs::path& path, const std::string& section, const std::string& key, std::size_t values) {
  if (!section.empty() && find_verb(section) == nullptr) {
    throw Failure(kBadValue, path.string() + ": there is no verb [" + section + "]");
  }
  bool known = false, takes_all = values == 1;
  for (const Verb& verb : verbs()) {
    if (!section.empty() && verb.name != section) continue;
    const auto option = find_option(verb, key);
    known = known || option;
    takes_all = takes_all || (option && option->repeats);
  }
  if (!known) {
    throw Failure(kBadValue, path.string() + ": no " + (section.empty() ? "verb" : section) + " option is called \"" +
                                 key + "\"; see lacuna help");
  }
  if (!takes_all) {
    throw Failure(kBadValue, path.string() + ": \"" + key + "\" takes one value, not " + std::to_string(values));
  }
}

}  // namespace

std::vector<ConfigValue> read_config_file(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw Failure(kMissingFile, path.string() + ": cannot read the configuration file");
  std::vector<ConfigValue> config;
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(file)) {
      if (item.name == "++" || item.name == "--") continue;  // begin and end of a section
      std::string section;
      for (const std::string& parent : item.parents)
        section += (section.empty() ? "" : ".") + parent;
      check_known(path, section, item.name, item.inputs.size());
      for (const std::string& value : item.inputs) config.push_back({section, item.name, value});
    }
  } catch (const CLI::Error& error) {
    throw Failure(kBadValue, path.string() + ": " + error.what());
  }
  return config;
}

std::vector<ConfigValue> default_config(const Environment& environment) {
  if (const char* path = environment("LACUNA_CONFIG")) {
    return *path ? read_config_file(path) : std::vector<ConfigValue>{};
  }
  fs::path folder;
  if (const char* xdg = environment("XDG_CONFIG_HOME"); xdg && *xdg) {
    folder = xdg;
  } else if (const char* home = environment("HOME"); home && *home) {
    folder = fs::path(home) / ".config";
  }
  std::error_code error;
  const fs::path path = folder / "lacuna" / "config.toml";
  if (folder.empty() || !fs::is_regular_file(path, error)) return {};
  return read_config_file(path);
}

std::vector<ConfigValue> config_for(std::string_view verb, std::span<const ConfigValue> config) {
  std::vector<ConfigValue> entries;
  for (const bool own_section : {false, true}) {
    for (const ConfigValue& entry : config) {
      if (entry.section == (own_section ? verb : std::string_view())) entries.push_back(entry);
    }
  }
  return entries;
}

}  // namespace lacuna::tools
