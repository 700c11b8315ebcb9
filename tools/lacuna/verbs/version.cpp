#include "tools/lacuna/version.h"

#include <memory>

#include "runtime/backend_registry.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {

Action declare_version(Options&) {
  return [] {
    std::string names;
    for (const auto& backend : runtime::backend_registry())
      names += " " + std::string(backend.name);
    print_result(std::string("lacuna ") + kVersion + " (devices:" + names + ")");
    return kOk;
  };
}

}  // namespace lacuna::tools
