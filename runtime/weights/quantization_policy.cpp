#include "runtime/weights/quantization_policy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "fusion/graph/block_format.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

using graph::DType;

constexpr std::array<std::pair<TensorRole, std::string_view>, 8> kRoles = {{
    {TensorRole::vector, "vector"},
    {TensorRole::filter, "filter"},
    {TensorRole::embedding, "embedding"},
    {TensorRole::head, "head"},
    {TensorRole::first_layer, "first"},
    {TensorRole::last_layer, "last"},
    {TensorRole::layer, "layer"},
    {TensorRole::other, "other"},
}};

constexpr std::array<std::pair<DType, std::string_view>, 7> kTypes = {{
    {DType::f32, "f32"},
    {DType::bf16, "bf16"},
    {DType::f16, "f16"},
    {DType::i8, "int8"},
    {DType::q8_0, "q8_0"},
    {DType::q4_0, "q4_0"},
    {DType::q4_1, "q4_1"},
}};

std::optional<std::int64_t> layer_of(std::string_view name) {
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string_view part = name.substr(at, end - at);
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (!part.empty() && error == std::errc() && stop == part.data() + part.size() && number >= 0) return number;
    at = end + 1;
  }
  return std::nullopt;
}

/// Bits of one weight, for comparing; factors left out.
int bits_of(DType dtype) {
  if (dtype == DType::q4_0 || dtype == DType::q4_1) return 4;
  if (dtype == DType::q8_0 || dtype == DType::i8) return 8;
  return dtype == DType::f32 ? 32 : 16;
}

}  // namespace

std::string_view name_of(TensorRole role) {
  for (const auto& [value, name] : kRoles) {
    if (value == role) return name;
  }
  return "?";
}

TensorRole tensor_role_named(std::string_view name) {
  for (const auto& [role, known] : kRoles) {
    if (known == name) return role;
  }
  throw std::invalid_argument("[tensor_role] expected vector, filter, embedding, head, first, last, layer or other, got " +
                              in_quotes(name));
}

DType weight_type_named(std::string_view name) {
  for (const auto& [dtype, known] : kTypes) {
    if (known == name) return dtype;
  }
  throw std::invalid_argument("[weight_type] expected f32, bf16, f16, int8, q8_0, q4_0 or q4_1, got " + in_quotes(name));
}

std::int64_t count_layers(const std::vector<std::string>& names) {
  std::int64_t layers = 0;
  for (const std::string& name : names) {
    if (const auto layer = layer_of(name); layer && *layer < 100'000) layers = std::max(layers, *layer + 1);
  }
  return layers;
}

TensorRole tensor_role(std::string_view name, const graph::Shape& shape, std::int64_t layers) {
  if (shape.rank() < 2) return TensorRole::vector;
  if (shape.rank() > 2) return TensorRole::filter;
  if (const auto layer = layer_of(name)) {
    if (*layer == 0) return TensorRole::first_layer;
    return *layer == layers - 1 ? TensorRole::last_layer : TensorRole::layer;
  }
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (has("wte") || has("embed") || has("tok_embd")) return TensorRole::embedding;
  if (has("head") || has("ff_out") || has("output")) return TensorRole::head;
  return TensorRole::other;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  // Greedy with one place to go back to: the last star.
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

DType QuantizationPolicy::dtype_for(std::string_view name, const graph::Shape& shape, std::int64_t layers) const {
  const auto fitting = [&](DType dtype) {
    if (graph::is_block_quantised(dtype) && (shape.rank() != 2 || shape[1] % graph::kBlock != 0)) return DType::bf16;
    if (dtype == DType::i8 && shape.rank() != 2) return DType::bf16;
    return dtype;
  };
  for (const TensorRule& rule : rules) {
    if (matches_pattern(rule.pattern, name)) return fitting(rule.dtype);
  }
  const TensorRole role = tensor_role(name, shape, layers);
  if (role == TensorRole::vector) return DType::f32;
  if (role == TensorRole::filter) return DType::bf16;
  const bool is_sensitive = std::ranges::find(sensitive, role) != sensitive.end();
  return fitting(is_sensitive && bits_of(sensitive_type) > bits_of(type) ? sensitive_type : type);
}

}  // namespace lacuna::weights
