#include <memory>

#include "tools/lacuna/describe.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/model_finder.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {
namespace {

struct InfoVerb {
  std::vector<std::string> things;
  std::optional<std::string> model;
  bool json = false;

  ExitCode run() {
    if (model) things.push_back(*model);
    if (things.empty()) things.emplace_back(kDefaultModel);
    for (std::size_t i = 0; i < things.size(); ++i) {
      const weights::Json description = describe(things[i]);
      if (json) {
        print_result(description.dump());
      } else {
        if (i > 0) print_result("");
        print_bytes(table_of(description));
      }
    }
    return kOk;
  }
};

}  // namespace

Action declare_info(Options& options) {
  const auto verb = std::make_shared<InfoVerb>();
  options.positional("THING...", verb->things,
                     "Model folder or name, checkpoint, or picture (default the model " +
                         std::string(kDefaultModel) + ")");
  options.value("-m,--model", "PATH", verb->model, "The same as naming the model");
  options.flag("--json", verb->json, "One JSON object a thing");
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
