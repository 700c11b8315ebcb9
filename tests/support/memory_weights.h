#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "fusion/graph/weight_source.h"

namespace lacuna::testing_support {

/// Weights in memory, for tests.
class MemoryWeights final : public graph::WeightSource {
 public:
  void add(const std::string& name, graph::DType dtype, graph::Shape shape, std::vector<std::byte> bytes,
           std::vector<float> row_scale = {}) {
    Entry& entry = entries_[name];
    entry.bytes = std::move(bytes);
    entry.row_scale = std::move(row_scale);
    entry.view = {dtype, shape, entry.bytes, entry.row_scale, {}, {}};
  }
  /// Block-quantised: see graph/block_format.h.
  void add_blocks(const std::string& name, graph::DType dtype, graph::Shape shape, std::vector<std::byte> codes,
                  std::vector<std::uint16_t> scale, std::vector<std::uint16_t> minimum) {
    Entry& entry = entries_[name];
    entry.bytes = std::move(codes);
    entry.block_scale = std::move(scale);
    entry.block_minimum = std::move(minimum);
    entry.view = {dtype, shape, entry.bytes, {}, entry.block_scale, entry.block_minimum};
  }
  void add(const std::string& name, graph::Shape shape, std::span<const float> values) {
    std::vector<std::byte> bytes(values.size_bytes());
    if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    add(name, graph::DType::f32, shape, std::move(bytes));
  }

  const graph::WeightView* find(std::string_view name) const override {
    const auto at = entries_.find(std::string(name));
    return at == entries_.end() ? nullptr : &at->second.view;
  }

 private:
  struct Entry {
    std::vector<std::byte> bytes;
    std::vector<float> row_scale;
    std::vector<std::uint16_t> block_scale, block_minimum;
    graph::WeightView view;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace lacuna::testing_support
