#include "tools/lacuna/system_info.h"

#include <sched.h>

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
std::uint64_t group_number(const char* path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : 0;
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
  const std::uint64_t total = meminfo("MemTotal");
  const std::uint64_t limit = group_number("/sys/fs/cgroup/memory.max");
  return limit > 0 ? std::min(total, limit) : total;
}

std::uint64_t memory_available() {
  const std::uint64_t available = meminfo("MemAvailable");
  const std::uint64_t limit = group_number("/sys/fs/cgroup/memory.max");
  const std::uint64_t used = group_number("/sys/fs/cgroup/memory.current");
  return limit > 0 ? std::min(available, limit > used ? limit - used : 0) : available;
}

std::uint64_t peak_memory() {
  // Not getrusage: its figure starts with that of the process that started this one.
  return kibibytes_line("/proc/self/status", "VmHWM");
}

}  // namespace lacuna::tools
