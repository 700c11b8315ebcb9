#include "runtime/vulkan/weight_store.h"

#include <algorithm>

#include "fusion/graph/block_format.h"
#include "fusion/graph/executor.h"
#include "runtime/vulkan/weight_rows.h"

namespace lacuna::vulkan {

using graph::DType;

WeightStore::WeightStore(Context& context)
    : context_(context), ring_(context.device, context.memory, context.queue, context.options.patience) {}

std::shared_ptr<const DeviceWeight> WeightStore::form(const Source& source, const std::string& name,
                                                      const graph::Shape& shape, const std::string& form,
                                                      const Make& make) {
  const graph::WeightView& view = require_weight(*source, name, shape);
  const std::scoped_lock lock(mutex_);
  const Key key{source, name, form};
  const auto found = weights_.find(key);
  if (found != weights_.end()) return found->second;
  auto made = std::make_shared<const DeviceWeight>(make(*this, view));
  ring_.flush();
  weights_.emplace(key, made);
  return made;
}

std::shared_ptr<const DeviceWeight> WeightStore::stored(const Source& source, const std::string& name,
                                                        const graph::Shape& shape) {
  return form(source, name, shape, "stored", [](WeightStore& store, const graph::WeightView& w) {
    DeviceWeight weight;
    weight.dtype = w.dtype;
    weight.rows = w.shape.rank() > 0 ? w.shape[0] : 1;
    weight.width = weight.rows > 0 ? w.shape.elements() / weight.rows : 0;
    if (graph::is_block_quantised(w.dtype)) {
      // Some rows at a time, so that the interleaved copy stays small.
      const std::size_t row_bytes = std::size_t(weight.width / graph::kBlock) * (4 + graph::block_bytes(w.dtype));
      const auto most = std::int64_t(std::max<std::size_t>(1, (std::size_t{64} << 20) / std::max<std::size_t>(1, row_bytes)));
      for (std::int64_t first = 0; first < weight.rows; first += most) {
        const std::int64_t count = std::min(most, weight.rows - first);
        for (WeightPart part : store.put_rows(interleaved_blocks(w, first, first + count), count, row_bytes)) {
          part.first += first;
          weight.parts.push_back(std::move(part));
        }
      }
      return weight;
    }
    weight.parts = store.put_rows(w.bytes, weight.rows, std::size_t(weight.width) * size_of(w.dtype));
    if (w.dtype == DType::i8) weight.row_scale = store.put(std::as_bytes(w.row_scale));
    return weight;
  });
}

std::shared_ptr<const DeviceWeight> WeightStore::dense(const Source& source, const std::string& name,
                                                       const graph::Shape& shape, std::int64_t begin, std::int64_t end) {
  const std::string key = "dense " + std::to_string(begin) + " " + std::to_string(end);
  return form(source, name, shape, key, [&](WeightStore& store, const graph::WeightView& w) {
    const std::vector<float> values = rows_as_f32(w, begin, end);
    DeviceWeight weight;
    weight.rows = end - begin;
    weight.width = weight.rows > 0 ? std::int64_t(values.size()) / weight.rows : 0;
    weight.parts = store.put_rows(std::as_bytes(std::span(values)), weight.rows, std::size_t(weight.width) * 4);
    return weight;
  });
}

std::shared_ptr<const Buffer> WeightStore::put(std::span<const std::byte> bytes) {
  const MemoryUse use = context_.device.shares_memory() ? MemoryUse::shared : MemoryUse::device;
  auto buffer = std::make_shared<Buffer>(context_.device, context_.memory, bytes.size(), use);
  bytes_ += buffer->bytes();
  ring_.write(*buffer, 0, bytes);
  return buffer;
}

std::vector<WeightPart> WeightStore::put_rows(std::span<const std::byte> bytes, std::int64_t rows,
                                              std::size_t row_bytes) {
  const DeviceLimits& limits = context_.device.limits();
  const std::uint64_t limit = std::min(limits.storage_range, limits.allocation) / 4 * 4;
  if (row_bytes > limit) {
    throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                             "[vulkan] expected rows of at most " + std::to_string(limit) + " bytes, got " +
                                 std::to_string(row_bytes));
  }
  std::vector<WeightPart> parts;
  const std::int64_t most = row_bytes > 0 ? std::int64_t(limit / row_bytes) : std::max<std::int64_t>(1, rows);
  std::int64_t first = 0;
  do {
    const std::int64_t count = std::min(most, rows - first);
    parts.push_back({put(bytes.subspan(std::size_t(first) * row_bytes, std::size_t(count) * row_bytes)), first, count});
    first += count;
  } while (first < rows);
  return parts;
}

}  // namespace lacuna::vulkan
