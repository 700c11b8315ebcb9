#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>

struct VolkDeviceTable;

namespace lacuna::vulkan {

/// Calls that can be made to fail.
enum class FaultSite : std::uint8_t { submit, fence, allocate };

/// How: the device is gone and stays gone, a fence never comes, or memory is short.
enum class FaultKind : std::uint8_t { lost, timeout, out_of_memory };

/// Fails chosen calls of the devices that are opened with patch(), as a bad driver would. For tests; one at a time,
/// from one thread.
class FaultInjector {
 public:
  FaultInjector();
  ~FaultInjector();
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  /// For VulkanOptions::patch.
  std::function<void(VolkDeviceTable&)> patch();

  /// Call `call` of `site`, 0 = the next, and `more` after it fail. Forgets what was asked before.
  void fail(FaultSite site, int call, FaultKind kind, int more = 0);
  void forget();
  /// Calls of `site` since the last fail() or forget().
  int calls(FaultSite site) const { return calls_[std::size_t(site)]; }
  /// Calls that failed since then.
  int failures() const { return failures_; }

  /// What the replaced functions ask; true = this call is to fail.
  bool hit(FaultSite site);
  bool is_lost() const { return lost_; }
  FaultKind kind() const { return kind_; }

 private:
  std::array<std::atomic<int>, 3> calls_{};
  FaultSite site_ = FaultSite::submit;
  FaultKind kind_ = FaultKind::lost;
  int first_ = -1;
  int more_ = 0;
  std::atomic<int> failures_ = 0;
  std::atomic<bool> lost_ = false;
};

}  // namespace lacuna::vulkan
