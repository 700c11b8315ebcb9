#include "fusion/training/tensor_file.h"

#include <ATen/core/grad_mode.h>

#include <cstring>
#include <stdexcept>
#include <unordered_map>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/safetensors_writer.h"

namespace lacuna::training {
namespace {

graph::DType dtype_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat: return graph::DType::f32;
    case at::kInt: return graph::DType::i32;
    case at::kLong: return graph::DType::i64;
    case at::kByte: return graph::DType::u8;
    default: throw std::invalid_argument("[save_tensors] expected float32, int32, int64 or uint8");
  }
}

std::span<const std::byte> bytes_of(const at::Tensor& host) {
  return {static_cast<const std::byte*>(host.data_ptr()), std::size_t(host.nbytes())};
}

}  // namespace

void save_tensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors) {
  std::vector<weights::TensorSpec> specs;
  for (const auto& [name, tensor] : tensors) specs.push_back({name, dtype_of(tensor), shape_of(tensor)});
  weights::SafetensorsWriter writer(file, std::move(specs));
  for (const auto& named : tensors) {
    writer.write(bytes_of(named.tensor.detach().to(at::kCPU).contiguous()));
  }
  writer.finish();
}

void load_tensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors) {
  const weights::SafetensorsFile source(file);
  std::unordered_map<std::string, const weights::SafetensorsEntry*> entries;
  for (const auto& entry : source.header().entries) entries[entry.name] = &entry;
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    const auto found = entries.find(name);
    if (found == entries.end()) throw weights::CheckpointError(file, "expected a tensor \"" + name + "\", got none");
    const weights::SafetensorsEntry& entry = *found->second;
    if (entry.dtype != dtype_of(tensor) || !(entry.shape == shape_of(tensor))) {
      throw weights::CheckpointError(file, "tensor \"" + name + "\": expected " + shape_of(tensor).to_string() +
                                               " as this run's settings make it, got " + entry.shape.to_string());
    }
    at::Tensor host = at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
    const auto bytes = source.bytes(entry);
    if (!bytes.empty()) std::memcpy(host.data_ptr(), bytes.data(), bytes.size());
    at::Tensor(tensor).copy_(host);
  }
  if (entries.size() != tensors.size()) {
    throw weights::CheckpointError(file, "expected " + std::to_string(tensors.size()) + " tensors, got " +
                                             std::to_string(entries.size()));
  }
}

std::size_t load_matching(const std::filesystem::path& model, const std::vector<NamedTensor>& tensors) {
  const auto source = weights::Checkpoint::open(model);
  const at::NoGradGuard no_grad;
  std::size_t count = 0;
  for (const auto& [name, tensor] : tensors) {
    const graph::WeightView* view = source.find(name);
    if (view == nullptr) continue;
    if (!(view->shape == shape_of(tensor))) {
      throw weights::CheckpointError(source.path(), "tensor \"" + name + "\": expected " + shape_of(tensor).to_string() +
                                                        ", got " + view->shape.to_string());
    }
    at::Tensor(tensor).copy_(to_torch(*view, at::kCPU));
    ++count;
  }
  return count;
}

}  // namespace lacuna::training
