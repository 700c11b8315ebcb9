#pragma once

#include <vector>

#include "runtime/vulkan/api.h"

namespace lacuna::vulkan {

/// Remembers what was touched since the last barrier and says when the next access has to wait for one.
class Hazards {
 public:
  struct Touch {
    VkBuffer buffer = VK_NULL_HANDLE;
    VkDeviceSize begin = 0;
    VkDeviceSize end = 0;
    bool writes = false;
  };
  /// Two touches clash when they overlap and one of them writes.
  bool clashes(const std::vector<Touch>& next) const {
    for (const Touch& a : seen_) {
      for (const Touch& b : next) {
        if (a.buffer == b.buffer && a.begin < b.end && b.begin < a.end && (a.writes || b.writes)) return true;
      }
    }
    return false;
  }
  void add(const std::vector<Touch>& touches) { seen_.insert(seen_.end(), touches.begin(), touches.end()); }
  void clear() { seen_.clear(); }

 private:
  std::vector<Touch> seen_;
};

}  // namespace lacuna::vulkan
