#include "runtime/vulkan/options.h"

#include <stdexcept>

namespace lacuna::vulkan {

void VulkanOptions::validate() const {
  const auto require = [](bool ok, const char* expected, const std::string& got) {
    if (!ok) throw std::invalid_argument("[vulkan] expected " + std::string(expected) + ", got " + got);
  };
  require(device >= -1, "a device >= -1", std::to_string(device));
  require(patience.count() > 0, "a patience above 0 ms", std::to_string(patience.count()));
  require(submit_target > 0.0, "a submit target above 0 s", std::to_string(submit_target));
  require(submit_limit >= submit_target, "a submit limit not below the target", std::to_string(submit_limit));
}

}  // namespace lacuna::vulkan
