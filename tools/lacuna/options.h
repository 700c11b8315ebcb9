#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::tools {

/// One option of a verb, or one of its positional arguments.
struct Option {
  std::vector<std::string>
      names;          // "-s", "--seed"; the last long one is the main one; none = positional
  std::string label;  // of the value, "N"; empty = a flag without one
  std::string description;
  std::string group;
  bool repeats = false;  // every occurrence counts, else the last one
  bool hidden = false;
  bool alone = false;  // given on the command line, it shuts out environment and configuration file
  std::function<void(const std::string& name, const std::string& value)> set;

  bool positional() const { return names.empty(); }
  bool is_flag() const { return label.empty(); }
  /// "--seed", or the label of a positional.
  std::string main_name() const;
  /// "LACUNA_SEED"; empty for positionals.
  std::string variable() const;
};

/// A lookup of environment variables, so that tests need none.
using Environment = std::function<const char*(const char*)>;

/// What a configuration file says: key -> value at the top and in a section for each verb.
struct ConfigValue {
  std::string section;  // a verb, or empty for all
  std::string key;      // an option's long name without dashes
  std::string value;
};

/// The options of one verb. Each writes to a variable of the caller, which holds the default. A
/// value comes from the command line, else from the environment (LACUNA_SEED for --seed), else from
/// the configuration file. Values that do not parse throw Failure (kBadValue); unknown options and
/// missing values kUsage.
class Options {
 public:
  /// Options that follow belong to this part of the help.
  Options& group(std::string title);

  Options& flag(std::string_view names, bool& target, std::string description);
  /// Counts how often it is given.
  Options& count(std::string_view names, int& target, std::string description);
  Options& value(std::string_view names, std::string label, std::string& target,
                 std::string description);
  Options& value(std::string_view names, std::string label, std::optional<std::string>& target,
                 std::string description);
  Options& value(std::string_view names, std::string label, std::optional<std::int64_t>& target,
                 std::string description);
  Options& value(std::string_view names, std::string label, std::optional<double>& target,
                 std::string description);
  Options& value(std::string_view names, std::string label, std::int64_t& target,
                 std::string description);
  Options& value(std::string_view names, std::string label, int& target, std::string description);
  Options& value(std::string_view names, std::string label, double& target,
                 std::string description);
  /// May be given several times.
  Options& value(std::string_view names, std::string label, std::vector<std::string>& target,
                 std::string description);
  Options& positional(std::string label, std::vector<std::string>& target, std::string description);
  /// The option declared last does not appear in the help.
  Options& hide();
  /// When the option declared last is on the command line, nothing is read from elsewhere.
  Options& only_command_line();

  std::span<const Option> all() const { return options_; }

  /// `arguments` without program and verb.
  void parse(const std::vector<std::string>& arguments, const Environment& environment,
             std::span<const ConfigValue> config);

 private:
  Options& add(Option option);
  Options& add(std::string_view names, std::string label, std::string description,
               std::function<void(const std::string&, const std::string&)> set);

  std::vector<Option> options_;
  std::string group_ = "Options";
};

/// Numbers as users write them; throw Failure (kBadValue) naming the option. Doubles are finite.
std::int64_t parse_integer(const std::string& name, const std::string& text);
double parse_number(const std::string& name, const std::string& text);

}  // namespace lacuna::tools
