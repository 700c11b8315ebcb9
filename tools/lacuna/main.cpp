#include <cstdlib>
#include <string>
#include <vector>

#include "tools/lacuna/config_file.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/help_text.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/verb.h"

namespace lacuna::tools {
namespace {

const char* variable(const char* name) { return std::getenv(name); }

/// Old habits: options where verbs are expected.
std::string verb_name(const std::string& argument) {
  if (argument == "-h" || argument == "--help") return "help";
  if (argument == "-V" || argument == "--version") return "version";
  if (argument == "--list-devices") return "devices";
  return argument;
}

/// --help stands for itself wherever it is; behind -- it is an argument like others.
bool asks_for_help(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return false;
    if (argument == "--help" || argument == "-h") return true;
  }
  return false;
}

ExitCode run_verb(const Verb& verb, const std::vector<std::string>& arguments) {
  if (verb.forward) return verb.forward(arguments);
  if (asks_for_help(arguments)) {
    print_bytes(help_of(verb));
    return kOk;
  }
  Options options;
  const Action action = verb.declare(options);
  const std::vector<ConfigValue> config = default_config(variable);
  options.parse(arguments, variable, config_for(verb.name, config));
  return action();
}

ExitCode run(const std::vector<std::string>& arguments) {
  std::string prefix = "lacuna: ";
  try {
    if (arguments.empty()) {
      print_error(overview());
      return kUsage;
    }
    const std::string name = verb_name(arguments.front());
    const Verb* verb = find_verb(name);
    if (verb == nullptr) {
      throw Failure(kUsage, "there is no verb \"" + arguments.front() + "\"; see lacuna help");
    }
    prefix = "lacuna " + name + ": ";
    const ExitCode code = run_verb(*verb, {arguments.begin() + 1, arguments.end()});
    flush_results();
    return code;
  } catch (const std::exception& error) {
    const Report report = report_of(error);
    print_error(prefix + report.message);
    if (report.code == kUsage && prefix != "lacuna: ") {
      print_error("see " + prefix.substr(0, prefix.size() - 2) + " --help");
    }
    return report.code;
  }
}

}  // namespace
}  // namespace lacuna::tools

int main(int argc, char** argv) {
  return lacuna::tools::run({argv + (argc > 0 ? 1 : 0), argv + argc});
}
