#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lacuna::tools {

/// Model name of the processor; "unknown processor" where the system does not say.
std::string processor_name();
/// Those of the instruction sets that matter here which the processor has: "avx2", "avx512_bf16",
/// ...
std::vector<std::string> instruction_sets();
/// Processors that this process may use.
int usable_threads();

/// Bytes; 0 where the system does not say. A container's limit counts.
std::uint64_t memory_total();
std::uint64_t memory_available();
/// What a limit on the address space (ulimit -v) leaves to this process; nothing where there is no limit.
std::optional<std::uint64_t> address_space_left();
/// The most that this process has had in memory.
std::uint64_t peak_memory();

}  // namespace lacuna::tools
