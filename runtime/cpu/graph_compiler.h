#pragma once

#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "runtime/cpu/cpu_features.h"
#include "runtime/cpu/program.h"
#include "runtime/cpu/scratch_pool.h"
#include "runtime/cpu/storage_rules.h"
#include "runtime/cpu/weight_store.h"

namespace lacuna::cpu {

/// What all plans of an executor share.
struct Machine {
  CpuFeatures features;
  Kernels kernels;
  Precision precision = Precision::f32;  // as usable_precision() gave it
  int threads = 1;
  std::shared_ptr<WorkerPool> workers;  // of so many threads
  std::shared_ptr<ScratchPool> scratch;
};

/// Turns a lowered graph into a Program. The files in ops/ hold one emitter for each op; it asks here for the
/// operands, for memory, and adds steps.
class GraphCompiler {
 public:
  GraphCompiler(const graph::Graph& graph, const Machine& machine, WeightStore& weights, WeightStore::Source source);
  Program compile();

  const graph::Graph& graph() const { return graph_; }
  const graph::Shape& shape(graph::ValueId id) const { return graph_.value(id).shape; }
  const StorageRules& rules() const { return rules_; }
  const Machine& machine() const { return machine_; }
  WeightStore& weights() { return weights_; }
  const WeightStore::Source& source() const { return source_; }

  /// The value as its producer left it.
  Operand native(graph::ValueId id);
  /// The value in a wanted form; converts where needed, once.
  Operand read(graph::ValueId id, Storage storage, Layout layout = Layout::plain);
  /// Plain in its native storage.
  Operand read_plain(graph::ValueId id);
  /// Memory for a computed value; `storage` is what the emitter would like, outputs of the graph and i32 values
  /// overrule it. A plain output goes straight to the caller's memory.
  Operand write(graph::ValueId id, Storage storage, Layout layout = Layout::plain);
  /// bf16 when the rules allow it, else f32.
  Storage preferred(graph::ValueId id) const;
  /// Declares a value to be a view of an operand.
  void view(graph::ValueId id, Operand operand);

  BufferId scratch(std::size_t bytes);
  /// A buffer with these floats, there before the first run.
  BufferId constant(std::vector<float> elements);
  void add_step(std::vector<BufferId> reads, std::vector<BufferId> writes,
                std::function<void(const RunContext&)> run);
  void keep_alive(std::shared_ptr<const void> thing) { program_.keep_alive.push_back(std::move(thing)); }

  /// Rows of a named weight that the value stands for: a weight, or slices of one along axis 0.
  std::optional<WeightSlice> as_weight(graph::ValueId id) const;
  /// Whether a node's input can be read now, without a step that is still to come.
  bool is_ready(graph::ValueId id) const;
  /// Says that a node was computed together with an earlier one.
  /// The one op that reads `value` and may be computed along with it. Not of what follows from constants: that is emitted
  /// when a reader asks for it, so the reader is at work already.
  const graph::Node* fusible_reader(graph::ValueId value) const;
  void mark_done(const graph::Node& node);
  bool is_done(const graph::Node& node) const;
  /// A buffer made once for a key and shared by nodes (tables of angles): empty until remember() was called.
  std::optional<BufferId> recall(const std::string& key) const;
  void remember(const std::string& key, BufferId buffer);

 private:
  void emit(const graph::Node& node);
  BufferId add_buffer(Buffer buffer);
  Operand load_constant(graph::ValueId id);
  void deliver(std::size_t position);
  std::size_t index_of(const graph::Node& node) const { return std::size_t(&node - graph_.nodes.data()); }

  const graph::Graph& graph_;
  const Machine& machine_;
  WeightStore& weights_;
  WeightStore::Source source_;
  StorageRules rules_;
  Program program_;
  std::vector<std::optional<Operand>> natives_;
  std::map<std::tuple<graph::ValueId, Storage, Layout>, Operand> converted_;
  std::map<std::string, BufferId> remembered_;
  std::vector<bool> done_;
  std::vector<BufferId> outputs_;  // by position
  bool preparing_ = false;         // the node at hand follows from constants
};

}  // namespace lacuna::cpu
