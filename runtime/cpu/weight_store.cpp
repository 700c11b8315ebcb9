#include "runtime/cpu/weight_store.h"

#include "fusion/graph/page_release.h"
#include "runtime/cpu/weight_rows.h"

namespace lacuna::cpu {
namespace {

/// The engine has its own copy now.
void release_pages(const graph::WeightSource& source, const std::string& name) {
  if (const auto* pages = dynamic_cast<const graph::PageRelease*>(&source)) pages->release_pages(name);
}

}  // namespace

std::shared_ptr<const PackedWeight> WeightStore::packed(const Source& source, const WeightSlice& slice,
                                                        ProductType type) {
  const graph::WeightView& weight = require_weight(*source, slice.name, slice.shape);
  const std::scoped_lock lock(mutex_);
  auto& entry = packed_[{{source, slice.name, slice.begin, slice.end}, type}];
  if (!entry) {
    entry = std::make_shared<const PackedWeight>(weight, slice.begin, slice.end, type, streamed_bytes_, kernels_, products_,
                                                 workers_);
    if (entry->streamed() == nullptr) release_pages(*source, slice.name);
  }
  return entry;
}

std::shared_ptr<const AlignedBytes> WeightStore::dense(const Source& source, const WeightSlice& slice) {
  const graph::WeightView& weight = require_weight(*source, slice.name, slice.shape);
  const std::scoped_lock lock(mutex_);
  auto& entry = dense_[{source, slice.name, slice.begin, slice.end}];
  if (!entry) {
    const std::int64_t rows = slice.end - slice.begin;
    AlignedBytes bytes(std::size_t(rows * row_elements(slice.shape)) * sizeof(float));
    read_rows(weight, slice.begin, rows, bytes.as<float>());
    entry = std::make_shared<const AlignedBytes>(std::move(bytes));
    release_pages(*source, slice.name);
  }
  return entry;
}

std::shared_ptr<const PackedFilter> WeightStore::filter(const Source& source, const std::string& name,
                                                        const graph::Shape& shape,
                                                        const dnnl::memory::desc& packed) {
  const graph::WeightView& weight = require_weight(*source, name, shape);
  const std::scoped_lock lock(mutex_);
  const Key key{source, name, 0, shape[0]};
  for (auto [at, end] = filters_.equal_range(key); at != end; ++at) {
    if (at->second->descriptor() == packed) return at->second;
  }
  const auto made = filters_.emplace(key, std::make_shared<const PackedFilter>(engine_, weight, packed));
  release_pages(*source, name);
  return made->second;
}

}  // namespace lacuna::cpu
