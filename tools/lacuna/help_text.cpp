#include "tools/lacuna/help_text.h"

#include <algorithm>

#include "tools/lacuna/version.h"

namespace lacuna::tools {
namespace {

constexpr std::size_t kLineWidth = 100;
constexpr std::size_t kTextColumn = 32;

/// Appends `text` wrapped, its lines starting at `column`; the cursor is at `at`.
void append_wrapped(std::string& out, std::string_view text, std::size_t at, std::size_t column) {
  if (at + 2 > column) {
    out += '\n';
    at = 0;
  }
  out.append(column - at, ' ');
  std::size_t used = column;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (used > column && used + 1 + word.size() > kLineWidth) {
      out += '\n';
      out.append(column, ' ');
      used = column;
    }
    if (used > column) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
  }
  out += '\n';
}

std::string spelled(const Option& option) {
  if (option.positional()) return "  " + option.label;
  std::string short_names, long_names;
  for (const std::string& name : option.names) {
    std::string& list = name.starts_with("--") ? long_names : short_names;
    list += (list.empty() ? "" : ", ") + name;
  }
  std::string text = short_names.empty() ? "      " : "  " + short_names;
  if (!short_names.empty() && !long_names.empty()) text += ", ";
  text += long_names;
  if (!option.is_flag()) text += " " + option.label;
  return text;
}

}  // namespace

std::string overview() {
  std::string out = "lacuna " + std::string(kVersion) +
                    ": fills the gaps in text and pictures\n\nusage: lacuna VERB [options]\n\n";
  for (const Verb& verb : verbs()) {
    const std::string name = "  " + std::string(verb.name);
    out += name;
    append_wrapped(out, verb.summary, name.size(), 20);
  }
  out +=
      "\nlacuna VERB --help            the options of a verb\n"
      "lacuna help exit-codes        what the exit codes mean\n"
      "lacuna help environment       environment variables and the configuration file\n"
      "\nExample:\n  lacuna generate -p \"3d emoji: goat\" -o goat.png --steps 16 --cfg-scale 3 "
      "--seed 7\n";
  return out;
}

std::string help_of(const Verb& verb) {
  std::string out = "usage: lacuna " + std::string(verb.name) +
                    (verb.arguments.empty() ? "" : " " + std::string(verb.arguments)) + "\n\n" +
                    std::string(verb.summary) + ".\n";
  if (verb.declare) {
    Options options;
    const Action action = verb.declare(options);  // keeps the variables alive
    std::string group;
    for (const Option& option : options.all()) {
      if (option.hidden) continue;
      if (option.group != group) out += "\n" + option.group + ":\n";
      group = option.group;
      const std::string names = spelled(option);
      out += names;
      append_wrapped(out, option.description, names.size(), kTextColumn);
    }
  }
  out += "\nExample:\n";
  std::string_view examples = verb.example;
  while (!examples.empty()) {
    const std::string_view line = examples.substr(0, examples.find('\n'));
    examples.remove_prefix(std::min(examples.size(), line.size() + 1));
    out += "  " + std::string(line) + "\n";
  }
  return out;
}

std::string help_exit_codes() {
  return "Exit codes of lacuna:\n"
         "    0  done\n"
         "    1  an error inside the program; please report it\n"
         "    2  wrong usage: an unknown option, a missing argument, options that exclude each "
         "other\n"
         "   64  a value out of range: an option, a prompt, the configuration file\n"
         "   65  bad input data: a broken or unsuitable model, picture, mask or data set\n"
         "   66  a file or folder that is not there\n"
         "   69  device or program not available, or not enough memory\n"
         "   74  reading or writing failed, also a full disk\n"
         "   75  busy, try again\n"
         "  130  stopped by Ctrl-C; nothing half is left behind\n"
         "  143  stopped by SIGTERM; nothing half is left behind\n";
}

std::string help_environment() {
  return "A value comes from the command line, else from the environment, else from the "
         "configuration file,\n"
         "else it is the default.\n\n"
         "  LACUNA_STEPS, LACUNA_MODEL, ...  every long option in capitals, - as _; flags take 1 "
         "or 0\n"
         "  LACUNA_MODELS                    a folder in which models are looked for by name\n"
         "  LACUNA_CACHE                     a folder for compiled kernels (default ~/.cache/lacuna; \"\" = none)\n"
         "  LACUNA_CONFIG                    the configuration file instead of "
         "~/.config/lacuna/config.toml\n"
         "                                   (empty: none)\n"
         "  NO_COLOR                         no colours\n\n"
         "Configuration file (TOML): options without dashes, for all verbs or for one.\n\n"
         "  steps = 16\n"
         "  [caption]\n"
         "  steps = 8\n";
}

std::string all_options() {
  std::string out;
  for (const Verb& verb : verbs()) {
    if (!verb.declare) continue;
    Options options;
    const Action action = verb.declare(options);
    for (const Option& option : options.all()) {
      out += std::string(verb.name) + " ";
      for (std::size_t i = 0; i < option.names.size(); ++i) out += (i ? "," : "") + option.names[i];
      if (option.positional()) out += option.label;
      out += '\n';
    }
  }
  return out;
}

}  // namespace lacuna::tools
