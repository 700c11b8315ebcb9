#include "tools/bench/random_source.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace lacuna::bench {
namespace {

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
class Stream {
 public:
  explicit Stream(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  /// In [-1, 1).
  float uniform() { return float(std::int32_t(next() >> 32)) * 0x1.0p-31f; }

 private:
  std::uint64_t state_;
};

}  // namespace

RandomSource::RandomSource(const graph::Graph& graph) {
  for (const graph::NamedShape& weight : graph.weights()) {
    Stream stream(std::hash<std::string>{}(weight.name));
    Entry& entry = entries_[weight.name];
    const auto count = std::size_t(weight.shape.elements());
    entry.bytes.resize(count * 2);
    const bool matrix = weight.shape.rank() >= 2;
    const double inputs = matrix ? double(count) / double(weight.shape[0]) : 1.0;
    const float spread = matrix ? float(std::sqrt(3.0 / inputs)) : 0.1f, centre = matrix ? 0.0f : 1.0f;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(centre + spread * stream.uniform());
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
  Stream stream(7);
  graph::HostTensor tensor(dtype, shape);
  if (dtype == graph::DType::i32) {
    for (std::int32_t& v : tensor.i32()) v = std::int32_t(stream.next() % std::uint64_t(bound));
  } else {
    for (float& v : tensor.f32()) v = stream.uniform();
  }
  return tensor;
}

}  // namespace lacuna::bench
