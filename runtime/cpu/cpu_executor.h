#pragma once

#include <memory>

#include "fusion/graph/cancel.h"
#include "fusion/graph/executor.h"
#include "runtime/cpu/cpu_features.h"

namespace lacuna::cpu {

struct CpuOptions {
  /// What linear layers, convolutions and attention compute in. Where the processor lacks it, the next wider one
  /// is taken: CpuExecutor::precision() tells.
  Precision precision = Precision::automatic;
  /// Threads of the engine; 0 = what OpenMP offers.
  int threads = 0;
  /// Instruction sets that own kernels and the choice of precision may use, of those that the processor has; for
  /// tests of the paths that other machines take.
  CpuFeatures allowed{true, true, true, true};
  /// Bytes from which a bf16 weight is not kept in a packed copy but widened anew for each product, as block-quantised
  /// weights always are. A copy makes a product of 32 rows a quarter faster, and delays the first run.
  std::size_t streamed_bytes = std::size_t{256} << 20;
  /// Where products are in f32 a copy takes twice the memory, so this part of streamed_bytes is enough.
  static constexpr std::size_t kWidenedSooner = 8;
  /// Asked between the tiles of a product, so that a run ends some milliseconds after it is true: with
  /// graph::Cancelled, which prepare() throws too while it packs weights. May be empty.
  graph::StopRequest stop = {};

  /// Throws std::invalid_argument for a negative number of threads.
  void validate() const;
};

/// The fast engine on a processor: oneDNN for matrix products and convolutions, own loops compiled per
/// instruction set for the rest. The same inputs give the same bytes for any number of threads, and a row's
/// result does not depend on what other rows or sequences are in the batch.
class CpuExecutor final : public graph::Executor {
 public:
  explicit CpuExecutor(const CpuOptions& options = {});
  ~CpuExecutor() override;

  std::string name() const override { return "cpu"; }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;

  /// What is really used; never automatic.
  Precision precision() const;
  int threads() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

/// "f32", "bf16", "int8" or "auto".
std::string_view name_of(Precision precision);

}  // namespace lacuna::cpu
