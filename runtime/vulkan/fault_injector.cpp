#include "runtime/vulkan/fault_injector.h"

#include "runtime/vulkan/api.h"

namespace lacuna::vulkan {
namespace {

// The functions of a table know nothing but their arguments, so the injector at work is found here.
FaultInjector* at_work = nullptr;
PFN_vkQueueSubmit real_submit = nullptr;
PFN_vkWaitForFences real_wait = nullptr;
PFN_vkDeviceWaitIdle real_idle = nullptr;
PFN_vkAllocateMemory real_allocate = nullptr;

VkResult result_of(FaultKind kind) {
  return kind == FaultKind::out_of_memory ? VK_ERROR_OUT_OF_DEVICE_MEMORY
         : kind == FaultKind::timeout     ? VK_TIMEOUT
                                          : VK_ERROR_DEVICE_LOST;
}

VKAPI_ATTR VkResult VKAPI_CALL submit(VkQueue queue, std::uint32_t count, const VkSubmitInfo* infos, VkFence fence) {
  if (at_work != nullptr && (at_work->hit(FaultSite::submit) || at_work->is_lost())) return result_of(at_work->kind());
  return real_submit(queue, count, infos, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL wait(VkDevice device, std::uint32_t count, const VkFence* fences, VkBool32 all,
                                    std::uint64_t nanoseconds) {
  if (at_work != nullptr && at_work->is_lost()) return VK_ERROR_DEVICE_LOST;
  // The work is let come to its end, since it is not really lost and what it uses is about to be destroyed.
  const VkResult result = real_wait(device, count, fences, all, nanoseconds);
  if (at_work != nullptr && at_work->hit(FaultSite::fence)) return result_of(at_work->kind());
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL idle(VkDevice device) {
  const VkResult result = real_idle(device);
  return at_work != nullptr && at_work->is_lost() ? VK_ERROR_DEVICE_LOST : result;
}

VKAPI_ATTR VkResult VKAPI_CALL allocate(VkDevice device, const VkMemoryAllocateInfo* info,
                                        const VkAllocationCallbacks* callbacks, VkDeviceMemory* memory) {
  if (at_work != nullptr && at_work->hit(FaultSite::allocate)) return result_of(at_work->kind());
  return real_allocate(device, info, callbacks, memory);
}

}  // namespace

FaultInjector::FaultInjector() { at_work = this; }
FaultInjector::~FaultInjector() { at_work = nullptr; }

std::function<void(VolkDeviceTable&)> FaultInjector::patch() {
  return [this](VolkDeviceTable& table) {
    lost_ = false;  // a new device
    real_submit = table.vkQueueSubmit;
    real_wait = table.vkWaitForFences;
    real_idle = table.vkDeviceWaitIdle;
    real_allocate = table.vkAllocateMemory;
    table.vkQueueSubmit = submit;
    table.vkWaitForFences = wait;
    table.vkDeviceWaitIdle = idle;
    table.vkAllocateMemory = allocate;
  };
}

void FaultInjector::fail(FaultSite site, int call, FaultKind kind, int more) {
  forget();
  site_ = site;
  kind_ = kind;
  first_ = call;
  more_ = more;
}

void FaultInjector::forget() {
  for (auto& count : calls_) count = 0;
  first_ = -1;
  failures_ = 0;
  lost_ = false;
}

bool FaultInjector::hit(FaultSite site) {
  const int call = calls_[std::size_t(site)]++;
  if (site != site_ || first_ < 0 || call < first_ || call - first_ > more_) return false;
  ++failures_;
  if (kind_ == FaultKind::lost) lost_ = true;
  return true;
}

}  // namespace lacuna::vulkan
