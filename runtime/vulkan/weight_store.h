#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "fusion/graph/weight_source.h"
#include "runtime/vulkan/context.h"
#include "runtime/vulkan/staging_ring.h"

namespace lacuna::vulkan {

/// Rows [first, first + rows) of a weight in a buffer of their own, no larger than one binding may be.
struct WeightPart {
  std::shared_ptr<const Buffer> buffer;
  std::int64_t first = 0;
  std::int64_t rows = 0;
  std::shared_ptr<const Buffer> factors;  // of blocks, where the form keeps them apart (panels.h)
};

/// A weight on the device.
struct DeviceWeight {
  graph::DType dtype = graph::DType::f32;  // of the stored elements
  std::int64_t rows = 0;                   // size of axis 0
  std::int64_t width = 0;                  // elements of a row
  std::vector<WeightPart> parts;
  std::shared_ptr<const Buffer> row_scale;  // f32 [rows], for i8
};

/// Weights in the forms that kernels read, each uploaded once and shared by all plans of an executor.
class WeightStore {
 public:
  using Source = std::shared_ptr<const graph::WeightSource>;
  /// Makes one form of a weight; `store` has put() to upload with.
  using Make = std::function<DeviceWeight(WeightStore& store, const graph::WeightView& weight)>;

  explicit WeightStore(Context& context);

  /// As the file has it: f32, f16, bf16 or i8 with row_scale, row-major; q8_0, q4_0 and q4_1 interleaved (weight_rows.h).
  std::shared_ptr<const DeviceWeight> stored(const Source& source, const std::string& name, const graph::Shape& shape);
  /// Rows [begin, end) as f32.
  std::shared_ptr<const DeviceWeight> dense(const Source& source, const std::string& name, const graph::Shape& shape,
                                            std::int64_t begin, std::int64_t end);
  /// Any other form (another layout, another dtype) by a name of its own. All three throw std::invalid_argument naming
  /// a weight that is missing or does not fit, graph::DeviceError.
  std::shared_ptr<const DeviceWeight> form(const Source& source, const std::string& name, const graph::Shape& shape,
                                           const std::string& form, const Make& make);

  /// A new buffer with these bytes. They may still be on their way until the call that asked for the weight returns.
  std::shared_ptr<const Buffer> put(std::span<const std::byte> bytes);
  /// Splits rows of `row_bytes` into parts that fit a binding.
  std::vector<WeightPart> put_rows(std::span<const std::byte> bytes, std::int64_t rows, std::size_t row_bytes);
  /// Bytes of weights on the device.
  std::uint64_t bytes() const { return bytes_; }

 private:
  /// The source is part of the key by owner, so a new source at an old address is another one.
  using Key = std::tuple<Source, std::string, std::string>;

  Context& context_;
  std::mutex mutex_;
  StagingRing ring_;
  std::uint64_t bytes_ = 0;
  std::map<Key, std::shared_ptr<const DeviceWeight>> weights_;
};

}  // namespace lacuna::vulkan
