#include "tools/lacuna/config_file.h"

#include <CLI/CLI.hpp>
#include <fstream>

#include "tools/lacuna/failure.h"
#include "tools/lacuna/verb.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;

bool has_option(const Verb& verb, const std::string& key) {
  if (verb.declare == nullptr) return false;
  Options options;
  const Action action = verb.declare(options);  // keeps the variables alive
  for (const Option& option : options.all()) {
    for (const std::string& name : option.names) {
      if (name == "--" + key) return true;
    }
  }
  return false;
}

void check_known(const fs::path& path, const ConfigValue& entry) {
  if (!entry.section.empty() && find_verb(entry.section) == nullptr) {
    throw Failure(kBadValue, path.string() + ": there is no verb [" + entry.section + "]");
  }
  for (const Verb& verb : verbs()) {
    if (!entry.section.empty() && verb.name != entry.section) continue;
    if (has_option(verb, entry.key)) return;
  }
  throw Failure(kBadValue, path.string() + ": no " +
                               (entry.section.empty() ? "verb" : entry.section) +
                               " option is called \"" + entry.key + "\"; see lacuna help");
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
      for (const std::string& value : item.inputs) config.push_back({section, item.name, value});
    }
  } catch (const CLI::Error& error) {
    throw Failure(kBadValue, path.string() + ": " + error.what());
  }
  for (const ConfigValue& entry : config) check_known(path, entry);
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
