#include "tools/lacuna/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "tools/lacuna/failure.h"

namespace lacuna::tools {
namespace {

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> list;
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    list.emplace_back(names.substr(0, comma));
    if (comma == std::string_view::npos) break;
    names.remove_prefix(comma + 1);
  }
  return list;
}

/// "1", "true", ...; a number as often as the flag was given.
bool parse_flag(const std::string& name, const std::string& text) {
  for (const char* yes : {"true", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"false", "no", "off", ""}) {
    if (text == no) return false;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number > 0;
  throw bad_flag(name, "1 or 0", "\"" + text + "\"");
}

/// What to say about options that other programs know under a short name.
const char* hint_for(const std::string& argument) {
  if (argument == "-n") return " (did you mean --batch-count or --n-best?)";
  if (argument == "-b") return " (did you mean --batch-count?)";
  if (argument.starts_with("--negative-prompt")) {
    return " (guidance is against the empty prompt here; see --cfg-scale)";
  }
  if (argument == "-W" || argument == "-H" || argument == "--size" || argument == "--width" ||
      argument == "--height") {
    return " (the model decides the size; see lacuna info)";
  }
  return "";
}

/// CLI11 takes the word behind "--name=" for its value; here it is the empty text, as elsewhere.
std::vector<std::string> with_empty_values(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  bool options = true;
  for (const std::string& argument : arguments) {
    options = options && argument != "--";
    const bool empty = options && argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    words.push_back(empty ? argument.substr(0, argument.size() - 1) : argument);
    if (empty) words.emplace_back();
  }
  return words;
}

/// Hands `values` to the option: all of them where it repeats, else the last.
void deliver(const Option& option, const std::string& name,
             const std::vector<std::string>& values) {
  if (values.empty()) return;
  if (!option.repeats) return option.set(name, values.back());
  for (const std::string& value : values) option.set(name, value);
}

}  // namespace

std::string Option::main_name() const {
  for (const std::string& name : names) {
    if (name.starts_with("--")) return name;
  }
  return names.empty() ? label : names.front();
}

std::string Option::variable() const {
  const std::string name = main_name();
  if (!name.starts_with("--")) return {};
  std::string variable = "LACUNA_";
  for (const char c : name.substr(2)) variable += c == '-' ? '_' : char(std::toupper(c));
  return variable;
}

std::int64_t parse_integer(const std::string& name, const std::string& text) {
  std::int64_t value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw bad_flag(name, "an integer", "\"" + text + "\"");
  }
  return value;
}

double parse_number(const std::string& name, const std::string& text) {
  double value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    throw bad_flag(name, "a finite number", "\"" + text + "\"");
  }
  return value;
}

Options& Options::group(std::string title) {
  group_ = std::move(title);
  return *this;
}

Options& Options::hide() {
  options_.back().hidden = true;
  return *this;
}

Options& Options::only_command_line() {
  options_.back().alone = true;
  return *this;
}

Options& Options::add(Option option) {
  option.group = group_;
  options_.push_back(std::move(option));
  return *this;
}

Options& Options::add(std::string_view names, std::string label, std::string description,
                      std::function<void(const std::string&, const std::string&)> set) {
  Option option;
  option.names = split_names(names);
  option.label = std::move(label);
  option.description = std::move(description);
  option.set = std::move(set);
  return add(std::move(option));
}

Options& Options::flag(std::string_view names, bool& target, std::string description) {
  return add(names, "", std::move(description),
             [&target](const std::string& name, const std::string& text) {
               target = parse_flag(name, text);
             });
}

Options& Options::count(std::string_view names, int& target, std::string description) {
  return add(names, "", std::move(description),
             [&target](const std::string& name, const std::string& text) {
               target = int(parse_integer(name, text));
             });
}

Options& Options::value(std::string_view names, std::string label, std::string& target,
                        std::string description) {
  return add(names, std::move(label), std::move(description),
             [&target](const std::string&, const std::string& text) { target = text; });
}

Options& Options::value(std::string_view names, std::string label,
                        std::optional<std::string>& target, std::string description) {
  return add(names, std::move(label), std::move(description),
             [&target](const std::string&, const std::string& text) { target = text; });
}

Options& Options::value(std::string_view names, std::string label,
                        std::optional<std::int64_t>& target, std::string description) {
  return add(names, std::move(label), std::move(description),
             [&target](const std::string& name, const std::string& text) {
               target = parse_integer(name, text);
             });
}

Options& Options::value(std::string_view names, std::string label, std::optional<double>& target,
                        std::string description) {
  return add(names, std::move(label), std::move(description),
             [&target](const std::string& name, const std::string& text) {
               target = parse_number(name, text);
             });
}

Options& Options::value(std::string_view names, std::string label, std::int64_t& target,
                        std::string description) {
  return add(names, std::move(label), std::move(description),
             [&target](const std::string& name, const std::string& text) {
               target = parse_integer(name, text);
             });
}

Options& Options::value(std::string_view names, std::string label, int& target,
                        std::string description) {
  return add(names, std::move(label), std::move(description),
             [&target](const std::string& name, const std::string& text) {
               const std::int64_t value = parse_integer(name, text);
               if (value < -1'000'000'000 || value > 1'000'000'000) {
                 throw bad_flag(name, "an integer below 10^9", text);
               }
               target = int(value);
             });
}

Options& Options::value(std::string_view names, std::string label, double& target,
                        std::string description) {
  return add(names, std::move(label), std::move(description),
             [&target](const std::string& name, const std::string& text) {
               target = parse_number(name, text);
             });
}

Options& Options::value(std::string_view names, std::string label, std::vector<std::string>& target,
                        std::string description) {
  add(names, std::move(label), std::move(description),
      [&target](const std::string&, const std::string& text) { target.push_back(text); });
  options_.back().repeats = true;
  return *this;
}

Options& Options::positional(std::string label, std::vector<std::string>& target,
                             std::string description) {
  return value("", std::move(label), target, std::move(description));
}

void Options::parse(const std::vector<std::string>& arguments, const Environment& environment,
                    std::span<const ConfigValue> config) {
  CLI::App app;
  app.set_help_flag();
  // Positionals are what CLI11 leaves over: its own handling would take "[a,b]" apart.
  app.allow_extras();
  std::vector<std::vector<std::string>> values(options_.size());
  std::vector<std::int64_t> counts(options_.size(), 0);
  std::vector<CLI::Option*> declared(options_.size(), nullptr);
  std::size_t positional = options_.size();
  for (std::size_t i = 0; i < options_.size(); ++i) {
    std::string names;
    for (const std::string& name : options_[i].names) names += (names.empty() ? "" : ",") + name;
    if (options_[i].positional()) {
      positional = i;
    } else if (options_[i].is_flag()) {
      declared[i] = app.add_flag(names, counts[i]);
    } else {
      declared[i] = app.add_option_function<std::string>(
          names, [](const std::string&) {}, "");
      declared[i]->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      values[i].clear();
    }
  }
  try {
    std::vector<std::string> words = with_empty_values(arguments);
    std::ranges::reverse(words);
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    throw Failure(kUsage, error.what());
  }
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (declared[i] == nullptr) continue;
    if (options_[i].is_flag()) {
      values[i] = {std::to_string(counts[i])};
    } else {
      values[i] = declared[i]->results();
    }
  }
  for (const std::string& left : app.remaining()) {
    if (left.size() > 1 && left.front() == '-') {
      throw Failure(kUsage, "there is no option " + left + hint_for(left));
    }
    if (positional == options_.size())
      throw Failure(kUsage, "unexpected argument \"" + left + "\"");
    values[positional].push_back(left);
  }
  bool alone = false;
  for (std::size_t i = 0; i < options_.size(); ++i) {
    alone = alone || (options_[i].alone && declared[i] && declared[i]->count() > 0);
  }
  for (std::size_t i = 0; i < options_.size(); ++i) {
    const Option& option = options_[i];
    const std::string name = option.main_name();
    const bool given = declared[i] ? declared[i]->count() > 0 : !values[i].empty();
    if (given) {
      deliver(option, name, values[i]);
      continue;
    }
    if (alone) continue;
    const std::string variable = option.variable();
    if (const char* text = variable.empty() ? nullptr : environment(variable.c_str())) {
      option.set(variable + " (environment)", text);
      continue;
    }
    std::vector<std::string> configured;
    for (const ConfigValue& entry : config) {
      for (const std::string& known : option.names) {
        if (known == "--" + entry.key) configured.push_back(entry.value);
      }
    }
    deliver(option, name + " (configuration file)", configured);
  }
}

}  // namespace lacuna::tools
