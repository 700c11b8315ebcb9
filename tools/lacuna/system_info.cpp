#include "tools/lacuna/system_info.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace lacuna::tools {
namespace {

/// The text behind "key :" of the first such line of /proc/cpuinfo.
std::string cpuinfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

/// Bytes behind "KEY: N kB" in /proc/meminfo or a process's status; 0 without such a line.
std::uint64_t kibibytes_line(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return std::strtoull(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}

std::uint64_t meminfo(const std::string& key) { return kibibytes_line("/proc/meminfo", key); }

/// A number from a control group file; 0 where there is none ("max").
std::uint64_t group_number(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : 0;
}

/// Limit and use of one group; a limit of 0 is none.
struct GroupMemory {
  std::uint64_t limit = 0;
  std::uint64_t used = 0;
};

/// The groups of this process from its own up to the root, of version 2 and of version 1's memory controller. In a
/// container its own group is the root that it sees.
std::vector<GroupMemory> groups() {
  std::vector<GroupMemory> found;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && controllers != "memory") continue;
    const bool two = controllers.empty();
    const std::string root = two ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    for (std::string path = line.substr(second + 1);; path.resize(path.rfind('/'))) {
      if (path == "/") path.clear();
      const std::string folder = root + path + "/";
      found.push_back({group_number(folder + (two ? "memory.max" : "memory.limit_in_bytes")),
                       group_number(folder + (two ? "memory.current" : "memory.usage_in_bytes"))});
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return found;
}

}  // namespace

std::string processor_name() {
  const std::string name = cpuinfo("model name");
  return name.empty() ? "unknown processor" : name;
}

std::vector<std::string> instruction_sets() {
  std::istringstream flags(cpuinfo("flags"));
  std::vector<std::string> all, known;
  for (std::string flag; flags >> flag;) all.push_back(flag);
  for (const char* name :
       {"sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni",
        "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8"}) {
    if (std::ranges::find(all, name) != all.end()) known.emplace_back(name);
  }
  return known;
}

int usable_threads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, int(std::thread::hardware_concurrency()));
}

std::uint64_t memory_total() {
  std::uint64_t total = meminfo("MemTotal");
  for (const GroupMemory& group : groups()) {
    if (group.limit > 0) total = std::min(total, group.limit);
  }
  return total;
}

std::uint64_t memory_available() {
  std::uint64_t available = meminfo("MemAvailable");
  for (const GroupMemory& group : groups()) {
    if (group.limit > 0) available = std::min(available, group.limit > group.used ? group.limit - group.used : 0);
  }
  return available;
}

std::optional<std::uint64_t> address_space_left() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  file >> pages;
  const std::uint64_t used = pages * std::uint64_t(sysconf(_SC_PAGESIZE)), most = limit.rlim_cur;
  return most > used ? most - used : 0;
}

std::uint64_t peak_memory() {
  // Not getrusage: its figure starts with that of the process that started this one.
  return kibibytes_line("/proc/self/status", "VmHWM");
}

}  // namespace lacuna::tools
