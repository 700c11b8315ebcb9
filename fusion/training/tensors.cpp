#include "fusion/training/tensors.h"

#include <cstring>
#include <span>

#include "runtime/weights/convert.h"

namespace lacuna::training {
namespace {

/// From page-locked memory the copy waits for nothing; torch keeps the memory until it is done.
template <class T>
at::Tensor upload(const std::vector<T>& values, at::ScalarType type, const at::Device& device) {
  at::Tensor host = at::empty({std::int64_t(values.size())},
                              at::TensorOptions().dtype(type).pinned_memory(device.is_cuda()));
  if (!values.empty()) std::memcpy(host.data_ptr(), values.data(), values.size() * sizeof(T));
  return host.to(device, type, /*non_blocking=*/true);
}

}  // namespace

std::vector<std::int64_t> sizes_of(const graph::Shape& shape) {
  return {shape.sizes().begin(), shape.sizes().end()};
}

graph::Shape shape_of(const at::Tensor& tensor) {
  const auto sizes = tensor.sizes();
  return graph::Shape(std::span<const std::int64_t>(sizes.data(), sizes.size()));
}

at::Tensor to_torch(const graph::HostTensor& tensor, const at::Device& device) {
  const auto type = tensor.dtype() == graph::DType::i32 ? at::kInt : at::kFloat;
  at::Tensor host = at::empty(sizes_of(tensor.shape()), at::TensorOptions().dtype(type));
  if (!tensor.bytes().empty()) std::memcpy(host.data_ptr(), tensor.bytes().data(), tensor.bytes().size());
  return host.to(device);
}

void copy_to_host(const at::Tensor& tensor, graph::HostTensor& out) {
  const auto type = out.dtype() == graph::DType::i32 ? at::kInt : at::kFloat;
  const at::Tensor host = tensor.detach().to(at::kCPU, type).contiguous();
  if (!out.bytes().empty()) std::memcpy(out.bytes().data(), host.data_ptr(), out.bytes().size());
}

at::Tensor to_torch(const graph::WeightView& weight, const at::Device& device) {
  at::Tensor host = at::empty(sizes_of(weight.shape), at::TensorOptions().dtype(at::kFloat));
  weights::to_float(weight, {host.data_ptr<float>(), std::size_t(host.numel())});
  return host.to(device);
}

at::Tensor to_torch(const std::vector<float>& values, const at::Device& device) {
  return upload(values, at::kFloat, device);
}

at::Tensor to_torch(const std::vector<std::int32_t>& values, const at::Device& device) {
  return upload(values, at::kInt, device);
}

}  // namespace lacuna::training
