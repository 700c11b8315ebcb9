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

std::string joined(const std::vector<std::string>& names) {
  std::string line;
  for (const std::string& name : names) line += (line.empty() ? "" : ", ") + name;
  return line;
}

/// The processor goes by its own name.
runtime::DeviceList listed() {
  runtime::DeviceList list = runtime::list_devices();
  for (runtime::ListedDevice& device : list.devices) {
    if (device.id == "cpu") device.name = processor_name();
  }
  return list;
}

Json to_json(const runtime::ListedDevice& device) {
  Json features = Json::array(), heaps = Json::array();
  for (const std::string& feature : device.features) features.push_back(feature);
  for (const runtime::ListedHeap& heap : device.heaps) {
    heaps.push_back(
        Json::object().set("bytes", heap.bytes).set("free_bytes", heap.free).set("device_local", heap.device_local));
  }
  return Json::object()
      .set("id", device.id)
      .set("name", device.name)
      .set("kind", device.kind)
      .set("driver", device.driver)
      .set("api", device.api)
      .set("uses", device.uses)
      .set("features", std::move(features))
      .set("heaps", std::move(heaps))
      .set("missing", device.missing);
}

void print_json() {
  Json sets = Json::array(), devices = Json::array(), problems = Json::array();
  for (const std::string& name : instruction_sets()) sets.push_back(name);
  const runtime::DeviceList list = listed();
  for (const auto& device : list.devices) devices.push_back(to_json(device));
  for (const std::string& problem : list.problems) problems.push_back(problem);
  print_result(Json::object()
                   .set("processor", processor_name())
                   .set("instruction_sets", std::move(sets))
                   .set("threads", usable_threads())
                   .set("memory_bytes", memory_total())
                   .set("memory_available_bytes", memory_available())
                   .set("devices", std::move(devices))
                   .set("problems", std::move(problems))
                   .dump());
}

void print_device(const runtime::ListedDevice& device) {
  std::string line = "  " + device.id;
  line.append(line.size() < 14 ? 14 - line.size() : 1, ' ');
  print_result(line + device.name + " (" + device.kind + ")");
  const auto detail = [](const std::string& key, const std::string& value) {
    if (!value.empty()) print_result("                " + key + std::string(10 - key.size(), ' ') + value);
  };
  detail("lacks", device.missing);
  detail("driver", device.driver + (device.api.empty() ? "" : (device.driver.empty() ? "" : ", ") + device.api));
  for (const runtime::ListedHeap& heap : device.heaps) {
    detail("memory", mebibytes(double(heap.bytes)) + ", free " + mebibytes(double(heap.free)) +
                         (heap.device_local ? "" : ", the processor's"));
  }
  detail("features", joined(device.features));
  detail("uses", device.uses);
}

}  // namespace

void print_devices() {
  print_result("processor     " + processor_name());
  print_result("instructions  " + joined_instruction_sets());
  print_result("threads       " + std::to_string(usable_threads()));
  print_result("memory        " + mebibytes(double(memory_total())) + ", available " +
               mebibytes(double(memory_available())));
  print_result("\ndevices (--device auto, an id, or a part of a name):");
  const runtime::DeviceList list = listed();
  for (const auto& device : list.devices) print_device(device);
  for (const std::string& problem : list.problems) print_result("  none of " + problem);
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
