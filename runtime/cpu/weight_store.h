#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "runtime/cpu/packed_filter.h"
#include "runtime/cpu/packed_weight.h"

namespace lacuna::cpu {

/// Rows [begin, end) along axis 0 of a named weight.
struct WeightSlice {
  std::string name;
  graph::Shape shape;  // of the whole weight
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Weights in the form that the engine computes with, each made once and shared by all plans of an executor.
class WeightStore {
 public:
  using Source = std::shared_ptr<const graph::WeightSource>;

  WeightStore(const CpuFeatures& features, const Kernels& kernels, WorkerPool& workers, std::size_t streamed_bytes)
      : kernels_(kernels), workers_(workers), streamed_bytes_(streamed_bytes), products_(engine_, features, kernels) {}

  /// All functions throw what require_weight() throws.
  std::shared_ptr<const PackedWeight> packed(const Source& source, const WeightSlice& slice, ProductType type);
  /// Reals, row-major f32.
  std::shared_ptr<const AlignedBytes> dense(const Source& source, const WeightSlice& slice);
  std::shared_ptr<const PackedFilter> filter(const Source& source, const std::string& name,
                                             const graph::Shape& shape, const dnnl::memory::desc& packed);

  const dnnl::engine& engine() const { return engine_; }

 private:
  /// The source is part of the key by owner, so a new source at an old address is another one.
  using Key = std::tuple<Source, std::string, std::int64_t, std::int64_t>;

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  Kernels kernels_;
  WorkerPool& workers_;
  std::size_t streamed_bytes_;
  std::mutex mutex_;
  TileProducts products_;
  std::map<std::pair<Key, ProductType>, std::shared_ptr<const PackedWeight>> packed_;
  std::map<Key, std::shared_ptr<const AlignedBytes>> dense_;
  std::multimap<Key, std::shared_ptr<const PackedFilter>> filters_;
};

}  // namespace lacuna::cpu
