#include "fusion/training/option_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "runtime/weights/mapped_file.h"

namespace lacuna::training {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;

std::string with_dashes(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

std::string number_text(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

template <class T>
bool parse_number(std::string_view text, T& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

std::string range_text(const Limits& limits) {
  std::string text = "[";
  text += number_text(limits.min);
  text += ", ";
  text += number_text(limits.max);
  return text += "]";
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : "|") + part;
  return out;
}

}  // namespace

std::string OptionTable::text_of(const Target& target) {
  if (const auto* real = std::get_if<double*>(&target)) return number_text(**real);
  if (const auto* integer = std::get_if<std::int64_t*>(&target)) return std::to_string(**integer);
  if (const auto* flag = std::get_if<bool*>(&target)) return **flag ? "true" : "false";
  return *std::get<std::string*>(target);
}

void OptionTable::add(std::string name, Target target, Limits limits, std::string help,
                      std::vector<std::string> choices) {
  std::string initial = text_of(target);
  options_.push_back({section_, std::move(name), std::move(help), target, limits, std::move(choices),
                      std::move(initial)});
}
void OptionTable::add(std::string name, double& value, Limits limits, std::string help) {
  add(std::move(name), Target(&value), limits, std::move(help), {});
}
void OptionTable::add(std::string name, std::int64_t& value, Limits limits, std::string help) {
  add(std::move(name), Target(&value), limits, std::move(help), {});
}
void OptionTable::add(std::string name, bool& value, std::string help) {
  add(std::move(name), Target(&value), {}, std::move(help), {});
}
void OptionTable::add(std::string name, std::string& value, std::string help, std::vector<std::string> choices) {
  add(std::move(name), Target(&value), {}, std::move(help), std::move(choices));
}

OptionTable::Option* OptionTable::find(std::string_view section, std::string_view name) {
  const std::string wanted = with_dashes(name);
  for (Option& option : options_) {
    if (option.name == wanted && (section.empty() || option.section == section)) return &option;
  }
  return nullptr;
}

void OptionTable::assign(Option& option, std::string_view value, const std::string& where) {
  const auto fail = [&](const std::string& expected) {
    throw OptionError(where + option.name + ": expected " + expected + ", got \"" + std::string(value) + "\"");
  };
  const auto check = [&](double number) {
    if (!(number >= option.limits.min && number <= option.limits.max)) {
      fail("a number in " + range_text(option.limits));
    }
  };
  if (auto* real = std::get_if<double*>(&option.target)) {
    double number = 0;
    if (!parse_number(value, number)) fail("a number");
    check(number);
    **real = number;
  } else if (auto* integer = std::get_if<std::int64_t*>(&option.target)) {
    std::int64_t number = 0;
    if (!parse_number(value, number)) fail("an integer");
    check(double(number));
    **integer = number;
  } else if (auto* flag = std::get_if<bool*>(&option.target)) {
    if (value != "true" && value != "false") fail("true or false");
    **flag = value == "true";
  } else {
    const auto& choices = option.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      fail("one of " + joined(choices));
    }
    *std::get<std::string*>(option.target) = std::string(value);
  }
}

void OptionTable::set(std::string_view key, std::string_view value, const std::string& where) {
  const auto dot = key.find('.');
  Option* option = dot == std::string_view::npos ? find({}, key) : find(key.substr(0, dot), key.substr(dot + 1));
  if (option == nullptr) {
    throw OptionError(where + "unknown setting \"" + std::string(key) + "\"; see --help");
  }
  assign(*option, value, where);
}

void OptionTable::apply_toml(std::string_view text, const std::string& file) {
  for (const TomlEntry& entry : parse_toml(text, file)) {
    const std::string where = file + ":" + std::to_string(entry.line) + ": ";
    Option* option = find(entry.section, entry.key);
    if (option == nullptr) {
      throw OptionError(where + "unknown setting \"" + entry.key + "\"" +
                        (entry.section.empty() ? "" : " in [" + entry.section + "]") + "; see --help");
    }
    const bool is_string = std::holds_alternative<std::string*>(option->target);
    const bool is_flag = std::holds_alternative<bool*>(option->target);
    const auto expected = is_string ? TomlEntry::Kind::string
                          : is_flag ? TomlEntry::Kind::boolean
                                    : TomlEntry::Kind::number;
    if (entry.kind != expected) {
      throw OptionError(where + option->name + ": expected " +
                        (is_string ? "a string in quotes" : is_flag ? "true or false" : "a number") + ", got " +
                        entry.value);
    }
    assign(*option, entry.value, where);
  }
}

void OptionTable::apply_flags(std::span<const std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) throw OptionError("expected a flag that starts with --, got \"" + argument + "\"");
    std::string name = argument.substr(2), value;
    const auto equals = name.find('=');
    const bool attached = equals != std::string::npos;
    if (attached) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const auto take_value = [&] {
      if (attached) return;
      if (i + 1 >= arguments.size()) throw OptionError("--" + name + ": expected a value after it");
      value = arguments[++i];
    };
    if (name == "config") {
      take_value();
      apply_toml(weights::read_regular_file(value, kMaxConfigBytes), value);
    } else if (name == "set") {
      take_value();
      const auto split = value.find('=');
      if (split == std::string::npos) throw OptionError("--set: expected name=value, got \"" + value + "\"");
      set(value.substr(0, split), value.substr(split + 1), "--set: ");
    } else if (Option* option = find({}, name); option != nullptr) {
      if (std::holds_alternative<bool*>(option->target) && !attached) value = "true";
      else take_value();
      assign(*option, value, "--");
    } else if (Option* negated = name.starts_with("no-") ? find({}, name.substr(3)) : nullptr;
               negated != nullptr && std::holds_alternative<bool*>(negated->target) && !attached) {
      assign(*negated, "false", "--");
    } else {
      throw OptionError("unknown flag --" + name + "; see --help");
    }
  }
}

std::string OptionTable::help() const {
  std::string out, section;
  for (const Option& option : options_) {
    if (option.section != section) {
      section = option.section;
      out += "\n[";
      out += section;
      out += "]\n";
    }
    std::string left = "  --" + option.name;
    if (std::holds_alternative<bool*>(option.target)) left += " | --no-" + option.name;
    else if (!option.choices.empty()) left += " " + joined(option.choices);
    else if (std::holds_alternative<std::string*>(option.target)) left += " TEXT";
    else left += " N";
    out += left + std::string(left.size() < 42 ? 42 - left.size() : 1, ' ') + option.help;
    if (!std::holds_alternative<bool*>(option.target) && !std::holds_alternative<std::string*>(option.target)) {
      out += " ";
      out += range_text(option.limits);
    }
    out += " (default: " + (option.initial.empty() ? "none" : option.initial) + ")\n";
  }
  return out;
}

std::string OptionTable::to_toml() const {
  std::string out, section;
  for (const Option& option : options_) {
    if (option.section != section) out += (out.empty() ? "[" : "\n[") + (section = option.section) + "]\n";
    const std::string value = text_of(option.target);
    out += option.name + " = " + (std::holds_alternative<std::string*>(option.target) ? toml_string(value) : value) +
           "\n";
  }
  return out;
}

}  // namespace lacuna::training
