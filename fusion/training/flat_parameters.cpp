#include "fusion/training/flat_parameters.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace lacuna::training {
namespace {

bool decays(const NamedTensor& weight) {
  return weight.tensor.dim() >= 2 && weight.name.find("embed") == std::string::npos;
}

}  // namespace

FlatParameters::FlatParameters(const std::vector<NamedTensor>& initial, at::Device device) {
  std::vector<const NamedTensor*> ordered;
  for (const auto& weight : initial) ordered.push_back(&weight);
  std::stable_partition(ordered.begin(), ordered.end(), [](const NamedTensor* w) { return decays(*w); });
  std::vector<at::Tensor> parts;
  std::int64_t total = 0;
  for (const NamedTensor* weight : ordered) {
    const at::Tensor& t = weight->tensor;
    places_.push_back({weight->name, t.sizes().vec(), total, t.numel()});
    parts.push_back(t.detach().to(device, at::kFloat).reshape({-1}));
    total += t.numel();
    if (decays(*weight)) decayed_ = total;
  }
  const at::NoGradGuard no_grad;
  values_ = at::cat(parts);
  gradients_ = at::zeros_like(values_);
  for (const Place& place : places_) {
    at::Tensor leaf = view(values_, place).detach();
    leaf.set_requires_grad(true);
    // Backward adds into a gradient that is there, in place, so the views keep filling `gradients_`.
    leaf.mutable_grad() = view(gradients_, place);
    weights_.emplace(place.name, leaf);
  }
}

at::Tensor FlatParameters::view(const at::Tensor& flat, const Place& place) const {
  return flat.narrow(0, place.begin, place.count).view(place.sizes);
}

TensorMap FlatParameters::views_of(const at::Tensor& flat) const {
  TensorMap views;
  for (const Place& place : places_) views.emplace(place.name, view(flat, place));
  return views;
}

std::vector<NamedTensor> FlatParameters::named_views_of(const at::Tensor& flat) const {
  std::vector<NamedTensor> views;
  for (const Place& place : places_) views.push_back({place.name, view(flat, place)});
  return views;
}

}  // namespace lacuna::training
