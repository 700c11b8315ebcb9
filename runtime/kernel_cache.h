#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lacuna::runtime {

/// What is kept of one device between processes.
struct KernelCache {
  std::uint64_t version = 0;       // of the kernels it was made from
  std::string checked;             // the family of kernels that passed the self-test; empty = none
  std::vector<std::byte> compiled;  // of the driver
};

/// What `file` holds; nothing where there is no such file. Throws std::runtime_error naming the file and what is wrong
/// with it: another format, cut off, bytes changed, larger than 256 MiB.
std::optional<KernelCache> read_kernel_cache(const std::filesystem::path& file);

/// Makes the folder where it is missing. Throws weights::IoError, std::filesystem::filesystem_error.
void write_kernel_cache(const std::filesystem::path& file, const KernelCache& cache);

/// FNV-1a, to find changed bytes; no protection against someone who means it.
std::uint64_t checksum(const void* bytes, std::size_t count, std::uint64_t start = 1469598103934665603u);

}  // namespace lacuna::runtime
