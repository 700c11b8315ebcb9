#include "runtime/vulkan/cooperative_matrix.h"

#include "runtime/vulkan/cooperative_tile.h"

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
    if (suits_tiles(matrix) && (!best || work(matrix) > work(*best))) best = matrix;
  }
  return best;
}

}  // namespace lacuna::vulkan
