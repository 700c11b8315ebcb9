#include "fusion/graph/host_tensor.h"

#include <stdexcept>
#include <string>

namespace lacuna::graph {
namespace {

template <class T>
HostTensor filled(DType dtype, Shape shape, std::span<const T> values) {
  if (std::int64_t(values.size()) != shape.elements()) {
    throw std::invalid_argument("[host_tensor] expected " + std::to_string(shape.elements()) +
                                " values for " + shape.to_string() + ", got " +
                                std::to_string(values.size()));
  }
  HostTensor tensor(dtype, shape);
  if (!values.empty()) std::memcpy(tensor.bytes().data(), values.data(), values.size_bytes());
  return tensor;
}

void require(DType actual, DType wanted) {
  if (actual != wanted) {
    throw std::invalid_argument("[host_tensor] expected a tensor of " + std::string(name_of(wanted)) +
                                ", got " + std::string(name_of(actual)));
  }
}

}  // namespace

HostTensor HostTensor::of(Shape shape, std::span<const float> values) {
  return filled(DType::f32, shape, values);
}

HostTensor HostTensor::of(Shape shape, std::span<const std::int32_t> values) {
  return filled(DType::i32, shape, values);
}

std::span<float> HostTensor::f32() {
  require(dtype_, DType::f32);
  return {reinterpret_cast<float*>(bytes_.data()), bytes_.size() / sizeof(float)};
}

std::span<const float> HostTensor::f32() const {
  require(dtype_, DType::f32);
  return {reinterpret_cast<const float*>(bytes_.data()), bytes_.size() / sizeof(float)};
}

std::span<std::int32_t> HostTensor::i32() {
  require(dtype_, DType::i32);
  return {reinterpret_cast<std::int32_t*>(bytes_.data()), bytes_.size() / sizeof(std::int32_t)};
}

std::span<const std::int32_t> HostTensor::i32() const {
  require(dtype_, DType::i32);
  return {reinterpret_cast<const std::int32_t*>(bytes_.data()), bytes_.size() / sizeof(std::int32_t)};
}

}  // namespace lacuna::graph
