#include "runtime/kernel_cache.h"

#include <cstring>
#include <fstream>
#include <stdexcept>

#include "runtime/weights/atomic_file.h"

namespace lacuna::runtime {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[8] = {'L', 'A', 'C', 'U', 'N', 'A', 'K', '1'};
constexpr std::uint64_t kLargest = std::uint64_t{256} << 20;

/// The file's beginning; sizes in bytes. `checked` and then `compiled` follow.
struct Header {
  char magic[8];
  std::uint64_t version;
  std::uint64_t checked;
  std::uint64_t compiled;
  std::uint64_t sum;  // of all that follows, from `version`
};

std::uint64_t sum_of(const Header& header, const KernelCache& cache) {
  const std::uint64_t numbers[] = {header.version, header.checked, header.compiled};
  const std::uint64_t sum = checksum(cache.checked.data(), cache.checked.size(), checksum(numbers, sizeof numbers));
  return checksum(cache.compiled.data(), cache.compiled.size(), sum);
}

[[noreturn]] void broken(const fs::path& file, const std::string& what) {
  throw std::runtime_error(file.string() + ": " + what + "; delete it");
}

}  // namespace

std::uint64_t checksum(const void* bytes, std::size_t count, std::uint64_t start) {
  std::uint64_t sum = start;
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < count; ++i) sum = (sum ^ at[i]) * 1099511628211u;
  return sum;
}

std::optional<KernelCache> read_kernel_cache(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  const auto size = fs::is_regular_file(file, error) ? fs::file_size(file, error) : 0;
  if (error || size < sizeof(Header)) broken(file, "is no file of compiled kernels");
  if (size > kLargest) broken(file, "expected at most 256 MiB, got " + std::to_string(size >> 20));
  std::ifstream stream(file, std::ios::binary);
  Header header{};
  stream.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!stream || std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) broken(file, "is no file of compiled kernels");
  const std::uint64_t rest = size - sizeof header;
  if (header.checked > rest || header.compiled != rest - header.checked) {
    broken(file, "expected " + std::to_string(header.compiled) + " bytes of kernels, got another number");
  }
  KernelCache cache{header.version, std::string(header.checked, '\0'), std::vector<std::byte>(header.compiled)};
  stream.read(cache.checked.data(), std::streamsize(cache.checked.size()));
  stream.read(reinterpret_cast<char*>(cache.compiled.data()), std::streamsize(cache.compiled.size()));
  if (!stream) broken(file, "cannot be read to its end");
  if (sum_of(header, cache) != header.sum) broken(file, "its bytes have changed since it was written");
  return cache;
}

void write_kernel_cache(const fs::path& file, const KernelCache& cache) {
  fs::create_directories(file.parent_path());
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = cache.version;
  header.checked = cache.checked.size();
  header.compiled = cache.compiled.size();
  header.sum = sum_of(header, cache);
  weights::AtomicFile out(file);
  out.write(std::string_view(reinterpret_cast<const char*>(&header), sizeof header));
  out.write(std::string_view(cache.checked));
  out.write(std::span<const std::byte>(cache.compiled));
  out.commit();
}

}  // namespace lacuna::runtime
