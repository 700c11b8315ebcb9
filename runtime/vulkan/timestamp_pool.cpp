#include "runtime/vulkan/timestamp_pool.h"

#include <array>

namespace lacuna::vulkan {

bool TimestampPool::works_on(const Device& device) {
  return device.limits().timestamp_bits > 0 && device.limits().timestamp_period > 0.0;
}

TimestampPool::TimestampPool(const Device& device, std::uint32_t count) : device_(device), count_(count) {
  VkQueryPoolCreateInfo info{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
  info.queryType = VK_QUERY_TYPE_TIMESTAMP;
  info.queryCount = count;
  check(device.vk().vkCreateQueryPool(device.handle(), &info, nullptr, &handle_), "vkCreateQueryPool");
}

TimestampPool::~TimestampPool() { device_.vk().vkDestroyQueryPool(device_.handle(), handle_, nullptr); }

double TimestampPool::seconds(std::uint32_t first) const {
  std::array<std::uint64_t, 2> ticks{};
  const VkResult result = device_.vk().vkGetQueryPoolResults(device_.handle(), handle_, first, 2, sizeof ticks, ticks.data(),
                                                             sizeof ticks[0], VK_QUERY_RESULT_64_BIT);
  if (result == VK_NOT_READY) return 0.0;
  check(result, "vkGetQueryPoolResults");
  const std::uint32_t bits = device_.limits().timestamp_bits;
  const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return double((ticks[1] - ticks[0]) & mask) * device_.limits().timestamp_period * 1e-9;
}

}  // namespace lacuna::vulkan
