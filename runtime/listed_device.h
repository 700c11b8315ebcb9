#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::runtime {

/// Memory of a device.
struct ListedHeap {
  std::uint64_t bytes = 0;
  std::uint64_t free = 0;  // as far as the driver says
  bool device_local = false;
};

/// Something that graphs can run on, as a user sees it and names it.
struct ListedDevice {
  std::string id;       // "cpu", "vulkan:0", "reference"
  std::string backend;  // its row in backend_registry()
  int index = 0;        // among the devices of its backend
  std::string name;     // "llvmpipe (LLVM 15.0.6, 256 bits)"
  std::string kind;     // "processor", "discrete GPU", "software", ...
  std::string driver;
  std::string api;                    // "Vulkan 1.3.230"
  std::string uses;                   // what the engine would compute with
  std::vector<std::string> features;  // those that matter here and are there
  std::vector<ListedHeap> heaps;
  std::string missing;    // what the engine lacks on it; empty where it runs
  bool software = false;  // a driver that computes on the processor
  int rank = 0;           // within the backend, the fastest kind first
};

/// The device that `wanted` names: an id, a backend (its first usable device, the fastest kind first), or a part of
/// the name of one device, whatever the case. Throws graph::DeviceError (unsupported) saying what is there when none or
/// several fit, or what the device lacks.
const ListedDevice& find_device(std::string_view wanted, std::span<const ListedDevice> devices);

/// One line for each device, for messages.
std::string list_of(std::span<const ListedDevice> devices);

}  // namespace lacuna::runtime
