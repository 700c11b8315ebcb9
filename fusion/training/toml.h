#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::training {

/// A setting that cannot be used: unknown name, wrong kind of value, out of range, or a line of a
/// configuration file that is not understood. `what()` names the flag or file and line.
class OptionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One `key = value` of a configuration file. `value` is the text of a number or boolean as written, or a
/// string with its escapes resolved.
struct TomlEntry {
  enum class Kind { string, number, boolean };
  std::string section;  // empty above the first [section]
  std::string key;
  std::string value;
  Kind kind = Kind::string;
  int line = 0;
};

/// Reads the flat subset of TOML: comments, [section], bare keys (letters, digits, - and _), basic strings
/// "..." with \" \\ \n \t, literal strings '...', decimal integers and floats (with _ between digits), true
/// and false. Arrays, tables in tables, dates, dotted or repeated keys are errors.
/// Throws OptionError "FILE:LINE: ...".
std::vector<TomlEntry> parse_toml(std::string_view text, const std::string& file);

/// `text` as a basic string with quotes.
std::string toml_string(std::string_view text);

}  // namespace lacuna::training
