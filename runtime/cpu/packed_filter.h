#pragma once

#include <dnnl.hpp>

#include "fusion/graph/weight_source.h"
#include "runtime/cpu/aligned_bytes.h"

namespace lacuna::cpu {

/// The weight [O, C, kh, kw] of a convolution in the order that a oneDNN primitive asked for.
class PackedFilter {
 public:
  PackedFilter(const dnnl::engine& engine, const graph::WeightView& weight, const dnnl::memory::desc& packed);

  const dnnl::memory::desc& descriptor() const { return descriptor_; }
  const dnnl::memory& memory() const { return memory_; }

 private:
  dnnl::memory::desc descriptor_;
  AlignedBytes bytes_;
  dnnl::memory memory_;
};

}  // namespace lacuna::cpu
