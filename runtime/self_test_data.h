#pragma once

#include <map>
#include <string>
#include <vector>

#include "fusion/graph/graph.h"
#include "fusion/graph/weight_source.h"
#include "runtime/self_test.h"

namespace lacuna::runtime {

/// Uniform in [-1, 1), the same for the same key.
std::vector<float> numbers(std::uint64_t key, std::int64_t count);

/// Rows [rows, width] that an engine multiplies without rounding in `arithmetic`: any numbers for f32, multiples of 1/8
/// up to 1 for half, whole numbers whose largest in each row is 127 for int8.
std::vector<float> factors(std::uint64_t key, std::int64_t rows, std::int64_t width, Arithmetic arithmetic);

/// Weights for a graph, stored in the type that the first word of their name says ("bf16 matrix 3"; else f32). Matrices
/// are factors().
class SelfTestWeights final : public graph::WeightSource {
 public:
  SelfTestWeights(const graph::Graph& graph, Arithmetic arithmetic);
  const graph::WeightView* find(std::string_view name) const override;

 private:
  struct Entry {
    std::vector<std::byte> bytes;
    std::vector<float> row_scale;
    std::vector<std::uint16_t> block_scale, block_minimum;
    graph::WeightView view;
  };
  void add(const std::string& name, const graph::Shape& shape, std::uint64_t key, Arithmetic arithmetic);

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace lacuna::runtime
