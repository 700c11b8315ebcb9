#include <memory>

#include "tools/lacuna/child_process.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/help_text.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {
namespace {

struct HelpVerb {
  std::vector<std::string> topics;
  bool all = false;
};

std::string text_of(const std::string& topic) {
  if (topic == "exit-codes") return help_exit_codes();
  if (topic == "environment") return help_environment();
  const Verb* verb = find_verb(topic);
  if (verb == nullptr) {
    throw Failure(kUsage,
                  "there is no verb or topic \"" + topic + "\"; topics: exit-codes, environment");
  }
  return help_of(*verb);
}

}  // namespace

Action declare_help(Options& options) {
  const auto verb = std::make_shared<HelpVerb>();
  options.positional("TOPIC", verb->topics, "A verb, exit-codes or environment");
  options.flag("--all-options", verb->all, "Every option of every verb, one a line").hide();
  return [verb] {
    if (verb->all) {
      print_bytes(all_options());
    } else if (verb->topics.empty()) {
      print_bytes(overview());
    } else {
      for (const std::string& topic : verb->topics) print_bytes(text_of(topic));
    }
    return kOk;
  };
}

}  // namespace lacuna::tools
