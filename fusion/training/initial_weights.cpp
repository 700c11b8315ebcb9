#include "fusion/training/initial_weights.h"

#include <cmath>
#include <numbers>

#include "fusion/training/random.h"

namespace lacuna::training {
namespace {

constexpr double kDeviation = 0.02;
constexpr double kOwnShare = 0.5;  // of a code's embedding that it shares with no other code

/// FNV-1a: a number for a name.
std::uint32_t hash_of(const std::string& name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ std::uint32_t(std::uint8_t(c))) * 16777619u;
  return hash;
}

template <class Draw>
at::Tensor filled(std::uint64_t seed, const std::string& name, const graph::Shape& shape, Draw draw) {
  at::Tensor tensor = at::empty(sizes_of(shape), at::TensorOptions().dtype(at::kFloat));
  float* out = tensor.data_ptr<float>();
  const std::uint32_t slot = hash_of(name);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    out[i] = float(draw(uniform_pair(seed, Purpose::initialisation, std::uint64_t(i), slot)));
  }
  return tensor;
}

bool contains(const std::string& name, const char* part) { return name.find(part) != std::string::npos; }

}  // namespace

at::Tensor initial_uniform(std::uint64_t seed, const std::string& name, const graph::Shape& shape, double bound) {
  return filled(seed, name, shape, [bound](const UniformPair& u) { return bound * (2 * u.first - 1); });
}

at::Tensor initial_normal(std::uint64_t seed, const std::string& name, const graph::Shape& shape, double deviation) {
  // Box and Muller.
  return filled(seed, name, shape, [deviation](const UniformPair& u) {
    return deviation * std::sqrt(-2 * std::log(u.first)) * std::cos(2 * std::numbers::pi * u.second);
  });
}

std::vector<NamedTensor> initial_convolutional(std::uint64_t seed, std::span<const graph::NamedShape> weights) {
  std::vector<NamedTensor> tensors;
  std::string kernel;
  double bound = 0;
  for (const auto& [name, shape] : weights) {
    if (shape.rank() >= 2) {
      kernel = name.substr(0, name.rfind('.'));
      bound = 1 / std::sqrt(double(shape.elements()) / double(shape[0]));
      tensors.push_back({name, initial_uniform(seed, name, shape, bound)});
    } else if (name == kernel + ".bias") {
      tensors.push_back({name, initial_uniform(seed, name, shape, bound)});
    } else {
      const float value = name.ends_with(".bias") ? 0.0f : 1.0f;
      tensors.push_back({name, at::full(sizes_of(shape), value, at::TensorOptions().dtype(at::kFloat))});
    }
  }
  return tensors;
}

void embed_codebook(std::uint64_t seed, const at::Tensor& codebook, at::Tensor rows) {
  const at::Tensor projection =
      initial_normal(seed, "embed_codebook", {codebook.size(1), rows.size(1)}, kDeviation);
  const at::Tensor centred = codebook - at::mean(codebook, {0}, true);
  const at::Tensor length = at::sqrt(at::mean(at::sum(at::square(centred), {1})));
  rows.mul_(kOwnShare).add_(at::matmul(centred / length, projection), std::sqrt(1 - kOwnShare * kOwnShare));
}

std::vector<NamedTensor> initial_transformer(std::uint64_t seed, std::span<const graph::NamedShape> weights,
                                             int layers) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, shape] : weights) {
    if (shape.rank() >= 2) {
      const bool writes = contains(name, "o_proj") || contains(name, "down_proj");
      double deviation = writes ? kDeviation / std::sqrt(2.0 * layers) : kDeviation;
      // A time input says nothing until it has learnt to.
      if (contains(name, "time_embed.2")) deviation = 0;
      tensors.push_back({name, initial_normal(seed, name, shape, deviation)});
    } else {
      const float value = name.ends_with(".bias") ? 0.0f : 1.0f;
      tensors.push_back({name, at::full(sizes_of(shape), value, at::TensorOptions().dtype(at::kFloat))});
    }
  }
  return tensors;
}

}  // namespace lacuna::training
