#pragma once

#include <vector>

#include "fusion/graph/graph.h"

namespace lacuna::cpu {

/// Who reads each value, and which values may be held as bf16 at no loss: those whose every reader rounds to bf16
/// anyway (linear, attention, ...) or hands the value on to such a reader (reshape, gather, ...).
class StorageRules {
 public:
  enum class Mode { wide, narrow };

  /// Mode::wide: everything stays f32. The graph must outlive this.
  StorageRules(const graph::Graph& graph, Mode mode);

  bool is_narrow(graph::ValueId value) const { return narrow_[std::size_t(value)]; }
  bool is_output(graph::ValueId value) const { return output_[std::size_t(value)]; }
  /// Follows from weights and constants alone.
  bool is_constant(graph::ValueId value) const { return constant_[std::size_t(value)]; }
  /// The node that computes the value; null for inputs, weights and constants.
  const graph::Node* producer(graph::ValueId value) const { return producer_[std::size_t(value)]; }
  const std::vector<const graph::Node*>& readers(graph::ValueId value) const {
    return readers_[std::size_t(value)];
  }
  /// The one node that reads the value, once; null when there are others or it is an output.
  const graph::Node* sole_reader(graph::ValueId value) const;
  /// A linear layer whose result selects by argmax (a nearest codebook row): computed in f32 at any precision,
  /// because a rounded score would pick another row.
  bool selects(const graph::Node& linear) const;

 private:
  bool reads_narrow(const graph::Node& node, std::size_t input) const;

  const graph::Graph& graph_;
  std::vector<std::vector<const graph::Node*>> readers_;
  std::vector<const graph::Node*> producer_;
  std::vector<bool> narrow_, output_, constant_;
};

}  // namespace lacuna::cpu
