#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fusion/training/toml.h"

namespace lacuna::training {

/// Smallest and largest value that a number may have.
struct Limits {
  double min = 0;
  double max = 1e18;
};

/// Settings under the names that users know, each tied to a variable that holds its default. One table serves
/// flags, TOML file, --set, --help and the record of the settings in the run folder.
class OptionTable {
 public:
  /// Settings added from now on belong to [section]. Names are unique over all sections.
  void section(std::string name) { section_ = std::move(name); }
  void add(std::string name, double& value, Limits limits, std::string help);
  void add(std::string name, std::int64_t& value, Limits limits, std::string help);
  void add(std::string name, bool& value, std::string help);
  /// With `choices`, only these are accepted.
  void add(std::string name, std::string& value, std::string help, std::vector<std::string> choices = {});

  /// Sets "name" or "section.name" (underscores count as dashes). `where` starts the message of OptionError.
  void set(std::string_view key, std::string_view value, const std::string& where);
  /// Sets what the file says. Throws OptionError, also for an unknown name or section, and for a string
  /// where a number is due.
  void apply_toml(std::string_view text, const std::string& file);
  /// Flags of a command line: --name value, --name=value, --name (true), --no-name (false), --config FILE
  /// (read with `apply_toml` in its place among the flags), --set name=value. Throws OptionError.
  void apply_flags(std::span<const std::string> arguments);

  /// What --help prints: every setting with its default and range.
  std::string help() const;
  /// All settings as they are now, readable by apply_toml.
  std::string to_toml() const;

 private:
  using Target = std::variant<double*, std::int64_t*, bool*, std::string*>;
  struct Option {
    std::string section, name, help;
    Target target;
    Limits limits;
    std::vector<std::string> choices;
    std::string initial;  // the default as text
  };
  void add(std::string name, Target target, Limits limits, std::string help, std::vector<std::string> choices);
  Option* find(std::string_view section, std::string_view name);
  void assign(Option& option, std::string_view value, const std::string& where);
  static std::string text_of(const Target& target);

  std::string section_;
  std::vector<Option> options_;
};

}  // namespace lacuna::training
