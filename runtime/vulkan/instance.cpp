#include "runtime/vulkan/instance.h"

#include <algorithm>
#include <cstring>

#include "fusion/graph/executor.h"

namespace lacuna::vulkan {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

using Unsupported = graph::DeviceError;
constexpr auto kUnsupported = graph::DeviceError::Kind::unsupported;

bool has_layer(const char* name) {
  std::uint32_t count = 0;
  check(vkEnumerateInstanceLayerProperties(&count, nullptr), "vkEnumerateInstanceLayerProperties");
  std::vector<VkLayerProperties> layers(count);
  check(vkEnumerateInstanceLayerProperties(&count, layers.data()), "vkEnumerateInstanceLayerProperties");
  return std::ranges::any_of(layers, [&](const auto& layer) { return std::strcmp(layer.layerName, name) == 0; });
}

bool has_extension(const char* layer, const char* name) {
  std::uint32_t count = 0;
  check(vkEnumerateInstanceExtensionProperties(layer, &count, nullptr), "vkEnumerateInstanceExtensionProperties");
  std::vector<VkExtensionProperties> all(count);
  check(vkEnumerateInstanceExtensionProperties(layer, &count, all.data()), "vkEnumerateInstanceExtensionProperties");
  return std::ranges::any_of(all, [&](const auto& e) { return std::strcmp(e.extensionName, name) == 0; });
}

VKAPI_ATTR VkBool32 VKAPI_CALL pass_message(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                            VkDebugUtilsMessageTypeFlagsEXT,
                                            const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  const auto& sink = *static_cast<const std::function<void(const std::string&)>*>(user);
  if (sink) sink(data->pMessage);
  return VK_FALSE;
}

}  // namespace

Instance::Instance(const VulkanOptions& options) : on_message_(options.on_message) {
  if (volkInitialize() != VK_SUCCESS) {
    throw Unsupported(kUnsupported, "[vulkan] there is no Vulkan loader (libvulkan.so.1) on this machine; install "
                                    "the graphics driver, or mesa-vulkan-drivers for software Vulkan");
  }
  if (volkGetInstanceVersion() < VK_API_VERSION_1_2) {
    throw Unsupported(kUnsupported, "[vulkan] expected a Vulkan loader of version 1.2 or newer");
  }
  validates_ = options.validation == Validation::on && has_layer(kValidationLayer);
  const bool debug_utils = validates_ && (has_extension(kValidationLayer, VK_EXT_DEBUG_UTILS_EXTENSION_NAME) ||
                                          has_extension(nullptr, VK_EXT_DEBUG_UTILS_EXTENSION_NAME));

  const VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO, nullptr, "lacuna", 1, "lacuna", 1,
                                      VK_API_VERSION_1_2};
  VkDebugUtilsMessengerCreateInfoEXT messenger{VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
  messenger.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  messenger.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
  messenger.pfnUserCallback = pass_message;
  messenger.pUserData = &on_message_;
  const VkValidationFeatureEnableEXT enabled[] = {VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
  VkValidationFeaturesEXT features{VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
  features.enabledValidationFeatureCount = 1;
  features.pEnabledValidationFeatures = enabled;
  const char* layers[] = {kValidationLayer};
  std::vector<const char*> extensions;
  if (debug_utils) extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);

  VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &application;
  if (validates_) {
    info.pNext = &features;
    if (debug_utils) features.pNext = &messenger;
    info.enabledLayerCount = 1;
    info.ppEnabledLayerNames = layers;
  }
  info.enabledExtensionCount = std::uint32_t(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  const VkResult made = vkCreateInstance(&info, nullptr, &handle_);
  if (made == VK_ERROR_INCOMPATIBLE_DRIVER) {
    throw Unsupported(kUnsupported, "[vulkan] there is no Vulkan driver on this machine; install the graphics driver, or "
                                    "mesa-vulkan-drivers for software Vulkan");
  }
  check(made, "vkCreateInstance");
  volkLoadInstanceOnly(handle_);
  if (debug_utils) {
    const VkResult result = vkCreateDebugUtilsMessengerEXT(handle_, &messenger, nullptr, &messenger_);
    if (result != VK_SUCCESS) {
      vkDestroyInstance(handle_, nullptr);
      check(result, "vkCreateDebugUtilsMessengerEXT");
    }
  }
}

Instance::~Instance() {
  if (messenger_ != VK_NULL_HANDLE) vkDestroyDebugUtilsMessengerEXT(handle_, messenger_, nullptr);
  if (!kept_) vkDestroyInstance(handle_, nullptr);
}

std::vector<VkPhysicalDevice> Instance::physical_devices() const {
  std::uint32_t count = 0;
  const VkResult result = vkEnumeratePhysicalDevices(handle_, &count, nullptr);
  if (result == VK_ERROR_INITIALIZATION_FAILED) return {};
  check(result, "vkEnumeratePhysicalDevices");
  std::vector<VkPhysicalDevice> devices(count);
  check(vkEnumeratePhysicalDevices(handle_, &count, devices.data()), "vkEnumeratePhysicalDevices");
  devices.resize(count);
  return devices;
}

}  // namespace lacuna::vulkan
