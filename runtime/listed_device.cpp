#include "runtime/listed_device.h"

#include <algorithm>
#include <cctype>

#include "fusion/graph/executor.h"

namespace lacuna::runtime {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw graph::DeviceError(graph::DeviceError::Kind::unsupported, message);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return result;
}

const ListedDevice& usable(const ListedDevice& device) {
  if (!device.missing.empty()) fail("the device " + device.id + " (" + device.name + ") lacks " + device.missing);
  return device;
}

}  // namespace

std::string list_of(std::span<const ListedDevice> devices) {
  std::string list;
  for (const ListedDevice& device : devices) {
    list += "\n  " + device.id + ": " + device.name + " (" + device.kind + ")";
    if (!device.missing.empty()) list += ", lacks " + device.missing;
  }
  return list;
}

const ListedDevice& find_device(std::string_view wanted, std::span<const ListedDevice> devices) {
  const std::string name = lower(wanted);
  const std::string asked = "\"" + std::string(wanted) + "\"";
  if (name.empty()) fail("expected the name of a device, got nothing; there are:" + list_of(devices));
  const auto exact = std::ranges::find(devices, name, &ListedDevice::id);
  if (exact != devices.end()) return usable(*exact);

  const ListedDevice* best = nullptr;
  std::vector<ListedDevice> of_backend, matches;
  for (const ListedDevice& device : devices) {
    if (device.backend == name) {
      of_backend.push_back(device);
      if (device.missing.empty() && (best == nullptr || device.rank < best->rank)) best = &device;
    }
    if (lower(device.name).find(name) != std::string::npos) matches.push_back(device);
  }
  if (best != nullptr) return *best;
  if (!of_backend.empty()) fail("no device of " + asked + " can be used:" + list_of(of_backend));
  if (matches.empty()) fail("there is no device " + asked + "; there are:" + list_of(devices));
  if (matches.size() > 1) fail(asked + " is the name of several devices, take the id of one:" + list_of(matches));
  return usable(*std::ranges::find(devices, matches.front().id, &ListedDevice::id));
}

}  // namespace lacuna::runtime
