#include "runtime/vulkan/cooperative_matrix.h"

#include <algorithm>

namespace lacuna::vulkan {
namespace {

using Dialect = CooperativeMatrix::Dialect;

constexpr int kFloat16 = 0, kFloat32 = 1, kSubgroup = 3;  // VkComponentTypeKHR, VkScopeKHR; the same numbers in NV

struct PropertiesKhr {
  VkStructureType type = VkStructureType(1000506001);
  void* next = nullptr;
  std::uint32_t m = 0, n = 0, k = 0;
  std::int32_t a = 0, b = 0, c = 0, result = 0;
  VkBool32 saturating = VK_FALSE;
  std::int32_t scope = 0;
};
using GetPropertiesKhr = VkResult(VKAPI_PTR*)(VkPhysicalDevice, std::uint32_t*, PropertiesKhr*);

constexpr std::uint32_t kSide = 32;  // the most results of a subgroup across, and down in narrow tiles
constexpr std::uint32_t kSums = 32;  // the most of one invocation in narrow tiles

/// Sizes that divide a tile, and rows of factors that are whole units of 16 bytes.
bool suits(const CooperativeMatrix& matrix) {
  return matrix.m > 0 && matrix.n > 0 && matrix.k > 0 && kSide % matrix.m == 0 && kSide % matrix.n == 0 && matrix.n % 4 == 0 &&
         matrix.k % 8 == 0 && matrix.k <= 64;
}

template <typename Properties, typename Get>
std::vector<Properties> all_of(VkPhysicalDevice device, Get get, const char* name, Properties empty) {
  std::uint32_t count = 0;
  check(get(device, &count, nullptr), name);
  std::vector<Properties> all(count, empty);
  check(get(device, &count, all.data()), name);
  all.resize(count);
  return all;
}

std::vector<CooperativeMatrix> matrices_khr(VkPhysicalDevice device) {
  constexpr char kName[] = "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR";
  const auto get = reinterpret_cast<GetPropertiesKhr>(vkGetInstanceProcAddr(volkGetLoadedInstance(), kName));
  if (get == nullptr) return {};
  std::vector<CooperativeMatrix> found;
  for (const PropertiesKhr& p : all_of(device, get, kName, PropertiesKhr{})) {
    const bool types = p.a == kFloat16 && p.b == kFloat16 && p.c == kFloat32 && p.result == kFloat32;
    if (types && p.scope == kSubgroup) found.push_back({Dialect::khr, p.m, p.n, p.k});
  }
  return found;
}

std::vector<CooperativeMatrix> matrices_nv(VkPhysicalDevice device) {
  constexpr char kName[] = "vkGetPhysicalDeviceCooperativeMatrixPropertiesNV";
  const auto get = vkGetPhysicalDeviceCooperativeMatrixPropertiesNV;
  if (get == nullptr) return {};
  std::vector<CooperativeMatrix> found;
  const VkCooperativeMatrixPropertiesNV empty{VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_NV};
  for (const VkCooperativeMatrixPropertiesNV& p : all_of(device, get, kName, empty)) {
    const bool types = int(p.AType) == kFloat16 && int(p.BType) == kFloat16 && int(p.CType) == kFloat32 && int(p.DType) == kFloat32;
    if (types && int(p.scope) == kSubgroup) found.push_back({Dialect::nv, p.MSize, p.NSize, p.KSize});
  }
  return found;
}

}  // namespace

std::optional<CooperativeMatrix> cooperative_matrix_of(VkPhysicalDevice device, Dialect dialect) {
  std::optional<CooperativeMatrix> best;
  const auto work = [](const CooperativeMatrix& matrix) { return matrix.m * matrix.n * matrix.k; };
  for (const CooperativeMatrix& matrix : dialect == Dialect::khr ? matrices_khr(device) : matrices_nv(device)) {
    // The larger a matrix, the fewer loads a sum.
    if (suits(matrix) && (!best || work(matrix) > work(*best))) best = matrix;
  }
  return best;
}

CooperativeTile cooperative_tile(const DeviceInfo& device, TileSize size) {
  const CooperativeMatrix& matrix = device.cooperative;
  CooperativeTile tile;
  tile.down = 2;
  tile.across = size == TileSize::wide ? 4 : 2;
  tile.matrices_down = kSide / matrix.m;
  tile.matrices_across = kSide / matrix.n;
  // Small subgroups have less room for sums.
  const auto sums = [&] { return tile.matrices_down * tile.matrices_across * matrix.m * matrix.n; };
  while (sums() > kSums * device.limits.subgroup_size && tile.matrices_down * tile.matrices_across > 1) {
    (tile.matrices_down > tile.matrices_across ? tile.matrices_down : tile.matrices_across) /= 2;
  }
  if (size == TileSize::wide) tile.matrices_down *= 2;
  tile.depth = 2 * matrix.k;
  tile.rows = tile.down * tile.matrices_down * matrix.m;
  tile.columns = tile.across * tile.matrices_across * matrix.n;
  tile.threads = tile.down * tile.across * device.limits.subgroup_size;
  // Both blocks with 16 bytes behind each row, and a matrix of f32 of each subgroup with 16 bytes behind each row.
  tile.shared_memory = (tile.rows + tile.columns) * (tile.depth + 8) * 2 + tile.down * tile.across * matrix.m * (matrix.n + 4) * 4;
  return tile;
}

bool has_cooperative_tiles(const DeviceInfo& device, TileSize size) {
  const DeviceFeatures& f = device.features;
  if (device.cooperative.dialect == Dialect::none || !f.float16 || !f.memory_model || !f.subgroup_size_control) return false;
  const CooperativeTile tile = cooperative_tile(device, size);
  return tile.threads <= device.limits.invocations && tile.shared_memory <= device.limits.shared_memory;
}

}  // namespace lacuna::vulkan
