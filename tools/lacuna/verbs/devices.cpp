#include <memory>

#include "runtime/backend_registry.h"
#include "runtime/weights/json.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/system_info.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {
namespace {

using weights::Json;

std::string joined_instruction_sets() {
  std::string names;
  for (const std::string& name : instruction_sets()) names += (names.empty() ? "" : " ") + name;
  return names.empty() ? "none known" : names;
}

void print_json() {
  Json sets = Json::array();
  for (const std::string& name : instruction_sets()) sets.push_back(name);
  Json backends = Json::array();
  for (const auto& backend : runtime::backend_registry()) {
    backends.push_back(Json::object()
                           .set("name", backend.name)
                           .set("summary", backend.summary)
                           .set("description", backend.describe()));
  }
  print_result(Json::object()
                   .set("processor", processor_name())
                   .set("instruction_sets", std::move(sets))
                   .set("threads", usable_threads())
                   .set("memory_bytes", memory_total())
                   .set("memory_available_bytes", memory_available())
                   .set("devices", std::move(backends))
                   .dump());
}

}  // namespace

void print_devices() {
  print_result("processor     " + processor_name());
  print_result("instructions  " + joined_instruction_sets());
  print_result("threads       " + std::to_string(usable_threads()));
  print_result("memory        " + mebibytes(double(memory_total())) + ", available " +
               mebibytes(double(memory_available())));
  print_result("\ndevices (--device):");
  for (const auto& backend : runtime::backend_registry()) {
    std::string line = "  " + std::string(backend.name);
    line.append(line.size() < 14 ? 14 - line.size() : 1, ' ');
    print_result(line + std::string(backend.summary) + "; " + backend.describe());
  }
}

Action declare_devices(Options& options) {
  const auto json = std::make_shared<bool>(false);
  options.flag("--json", *json, "One JSON object");
  return [json] {
    *json ? print_json() : print_devices();
    return kOk;
  };
}

}  // namespace lacuna::tools
