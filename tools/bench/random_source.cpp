#include "tools/bench/random_source.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "fusion/graph/split_mix.h"

namespace lacuna::bench {
namespace {

/// In [-1, 1).
float symmetric(graph::SplitMix& words) { return float(std::int32_t(words.next() >> 32)) * 0x1.0p-31f; }

}  // namespace

RandomSource::RandomSource(const graph::Graph& graph) {
  for (const graph::NamedShape& weight : graph.weights()) {
    graph::SplitMix words(std::hash<std::string>{}(weight.name));
    Entry& entry = entries_[weight.name];
    const auto count = std::size_t(weight.shape.elements());
    entry.bytes.resize(count * 2);
    const bool matrix = weight.shape.rank() >= 2;
    const double inputs = matrix ? double(count) / double(weight.shape[0]) : 1.0;
    const float spread = matrix ? float(std::sqrt(3.0 / inputs)) : 0.1f, centre = matrix ? 0.0f : 1.0f;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(centre + spread * symmetric(words));
      const auto upper = std::uint16_t(bits >> 16);
      std::memcpy(entry.bytes.data() + 2 * i, &upper, 2);
    }
    entry.view = {graph::DType::bf16, weight.shape, entry.bytes, {}};
  }
}

const graph::WeightView* RandomSource::find(std::string_view name) const {
  const auto at = entries_.find(name);
  return at == entries_.end() ? nullptr : &at->second.view;
}

graph::HostTensor random_tensor(graph::DType dtype, const graph::Shape& shape, std::int32_t bound) {
  graph::SplitMix words(7);
  graph::HostTensor tensor(dtype, shape);
  if (dtype == graph::DType::i32) {
    for (std::int32_t& v : tensor.i32()) v = std::int32_t(words.next() % std::uint64_t(bound));
  } else {
    for (float& v : tensor.f32()) v = symmetric(words);
  }
  return tensor;
}

}  // namespace lacuna::bench
