#include "tools/lacuna/completion_scripts.h"

#include "tools/lacuna/verb.h"

namespace lacuna::tools {
namespace {

std::string verb_names() {
  std::string names;
  for (const Verb& verb : verbs()) names += (names.empty() ? "" : " ") + std::string(verb.name);
  return names;
}

template <typename Visit>
void for_each_option(const Verb& verb, Visit visit) {
  if (!verb.declare) return;
  Options options;
  const Action action = verb.declare(options);  // keeps the variables alive
  for (const Option& option : options.all()) {
    if (!option.hidden && !option.positional()) visit(option);
  }
}

std::string option_names(const Verb& verb) {
  std::string names = "--help";
  for_each_option(verb, [&](const Option& option) {
    for (const std::string& name : option.names) names += " " + name;
  });
  return names;
}

/// For a place between single quotes.
std::string quoted(std::string_view text, std::string_view also_escaped = "") {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (also_escaped.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string bash_completion() {
  std::string out =
      "# lacuna completion for bash: source <(lacuna completion bash)\n"
      "_lacuna() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]}\n"
      "  local options=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '" +
      verb_names() +
      "' -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const Verb& verb : verbs()) {
    out += "    " + std::string(verb.name) + ") options='" + option_names(verb) + "' ;;\n";
  }
  out +=
      "  esac\n"
      "  case $word in\n"
      "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
      "  esac\n"
      "}\n"
      "complete -o filenames -F _lacuna lacuna\n";
  return out;
}

std::string zsh_completion() {
  std::string out =
      "#compdef lacuna\n"
      "# lacuna completion for zsh: lacuna completion zsh > \"${fpath[1]}/_lacuna\"\n"
      "_lacuna() {\n"
      "  local -a verbs\n"
      "  verbs=(\n";
  for (const Verb& verb : verbs()) {
    out += "    '" + quoted(verb.name) + ":" + quoted(verb.summary, ":") + "'\n";
  }
  out +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe verb verbs\n"
      "    return\n"
      "  fi\n"
      "  case ${words[2]} in\n";
  for (const Verb& verb : verbs()) {
    out += "    " + std::string(verb.name) + ") _arguments '*:file:_files'";
    for_each_option(verb, [&](const Option& option) {
      for (const std::string& name : option.names) {
        out += " \\\n      '" + name + "[" + quoted(option.description, "[]:") + "]" +
               (option.is_flag() ? "" : ":" + quoted(option.label, ":") + ":_files") + "'";
      }
    });
    out += " ;;\n";
  }
  out += "  esac\n}\n_lacuna \"$@\"\n";
  return out;
}

std::string fish_completion() {
  std::string out =
      "# lacuna completion for fish: lacuna completion fish > "
      "~/.config/fish/completions/lacuna.fish\n";
  for (const Verb& verb : verbs()) {
    out += "complete -c lacuna -n __fish_use_subcommand -f -a '" + std::string(verb.name) +
           "' -d '" + quoted(verb.summary, "\\") + "'\n";
  }
  for (const Verb& verb : verbs()) {
    for_each_option(verb, [&](const Option& option) {
      out += "complete -c lacuna -n '__fish_seen_subcommand_from " + std::string(verb.name) + "'";
      for (const std::string& name : option.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      out += (option.is_flag() ? "" : " -r") + std::string(" -d '") +
             quoted(option.description, "\\") + "'\n";
    });
  }
  return out;
}

}  // namespace lacuna::tools
