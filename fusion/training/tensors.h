#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <vector>

#include "fusion/graph/host_tensor.h"
#include "fusion/graph/shape.h"
#include "fusion/graph/weight_source.h"

namespace lacuna::training {

/// A tensor and the name it has in graphs and files.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// Tensors by weight name, as a forward pass looks them up.
using TensorMap = std::map<std::string, at::Tensor, std::less<>>;

std::vector<std::int64_t> sizes_of(const graph::Shape& shape);
graph::Shape shape_of(const at::Tensor& tensor);

/// A copy on `device`: f32 stays f32, i32 becomes int32.
at::Tensor to_torch(const graph::HostTensor& tensor, const at::Device& device);
/// Copies a float or int32 tensor of the same number of elements into `out`, whatever its device.
void copy_to_host(const at::Tensor& tensor, graph::HostTensor& out);

/// The stored weight as float32 on `device` (int8 rows are multiplied by their scale).
at::Tensor to_torch(const graph::WeightView& weight, const at::Device& device);

/// Copies plain values to `device` without waiting for it.
at::Tensor to_torch(const std::vector<float>& values, const at::Device& device);
at::Tensor to_torch(const std::vector<std::int32_t>& values, const at::Device& device);

}  // namespace lacuna::training
