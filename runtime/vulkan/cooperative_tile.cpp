#include "runtime/vulkan/cooperative_tile.h"

namespace lacuna::vulkan {
namespace {

constexpr std::uint32_t kSide = 32;  // the most results of a subgroup across, and down in narrow tiles
constexpr std::uint32_t kSums = 32;  // the most of one invocation in narrow tiles

}  // namespace

bool suits_tiles(const CooperativeMatrix& matrix) {
  return matrix.m > 0 && matrix.n > 0 && matrix.k > 0 && kSide % matrix.m == 0 && kSide % matrix.n == 0 && matrix.n % 4 == 0 &&
         matrix.k % 8 == 0 && matrix.k <= 64;
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
  if (device.cooperative.dialect == CooperativeMatrix::Dialect::none || !f.float16 || !f.memory_model || !f.subgroup_size_control) return false;
  const CooperativeTile tile = cooperative_tile(device, size);
  return tile.threads <= device.limits.invocations && tile.shared_memory <= device.limits.shared_memory;
}

}  // namespace lacuna::vulkan
