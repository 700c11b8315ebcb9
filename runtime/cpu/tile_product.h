#pragma once

#include <cstddef>
#include <cstdint>
#include <dnnl.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>

#include "runtime/cpu/cpu_features.h"

namespace lacuna::cpu {

/// Operands of a tile: f32 x f32 -> f32, bf16 x bf16 -> f32, u8 x s8 -> i32.
enum class ProductType : std::uint8_t { f32, bf16, int8 };

/// Bytes of one element of the left operand.
constexpr std::size_t size_of(ProductType type) {
  return type == ProductType::f32 ? 4 : type == ProductType::bf16 ? 2 : 1;
}

/// sums [kRows, columns] = a [kRows, depth] * b [depth, columns] on one thread. Every row count is served by whole
/// tiles of kRows rows. All rows of a tile go through the same arithmetic, so a row's result depends neither on its
/// neighbours nor on its place: oneDNN's AVX-512 kernels are like that; its AVX2 ones are not (rows at the edge of a
/// register block are summed in another order), so the engine's own panels serve f32 there.
class TileProduct {
 public:
  /// Measured on Zen 4: 32 rows by 256 columns run at 92 % (bf16) and 97 % (int8) of the register-only peak.
  static constexpr std::int64_t kRows = 32;

  /// A oneDNN matmul.
  TileProduct(const dnnl::engine& engine, ProductType type, std::int64_t depth, std::int64_t columns);
  /// Panels of the engine's own kernels, f32.
  TileProduct(const dnnl::engine& engine, const Kernels& kernels, std::int64_t depth, std::int64_t columns);

  ProductType type() const { return type_; }
  std::int64_t columns() const { return columns_; }
  /// Distance between rows of the sums, at least columns().
  std::int64_t sums_stride() const { return sums_stride_; }
  const dnnl::engine& engine() const { return engine_; }
  /// How b wants to lie in memory.
  const dnnl::memory::desc& packed() const { return packed_; }
  /// Packs `columns` rows of b transposed, row-major [columns, depth] of the type's elements.
  void pack(const void* rows, dnnl::memory& packed) const;
  /// Whether packed memory is what Kernels::widen_panels and Kernels::quantise_panels fill, of `columns` whole panels.
  bool has_word_panels() const { return word_panels_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }

 private:
  friend class TileRunner;
  dnnl::engine engine_;
  ProductType type_;
  std::int64_t depth_;
  std::int64_t columns_;
  std::int64_t sums_stride_;
  std::optional<Kernels> panels_;  // instead of matmul_
  dnnl::matmul matmul_;
  dnnl::reorder reorder_;  // from rows to packed_
  dnnl::memory::desc a_, rows_, packed_, sums_, scratch_;
  std::size_t scratch_bytes_ = 0;
  bool word_panels_ = false;
};

/// One thread's handle on a TileProduct: run() takes no memory of its own.
class TileRunner {
 public:
  explicit TileRunner(std::shared_ptr<const TileProduct> product);
  void run(const void* a, const void* packed, void* sums, void* scratch);
  /// TileProduct::pack into memory of TileProduct::packed().get_size() bytes.
  void pack(const void* rows, void* packed);

 private:
  std::shared_ptr<const TileProduct> product_;
  dnnl::stream stream_;
  dnnl::memory a_, b_, rows_, sums_, scratch_;
};

/// Tile products by type, depth and columns; each is compiled once.
class TileProducts {
 public:
  TileProducts(const dnnl::engine& engine, const CpuFeatures& features, const Kernels& kernels)
      : engine_(engine), features_(features), kernels_(kernels) {}
  std::shared_ptr<const TileProduct> get(ProductType type, std::int64_t depth, std::int64_t columns);

 private:
  dnnl::engine engine_;
  CpuFeatures features_;
  Kernels kernels_;
  std::mutex mutex_;
  std::map<std::tuple<ProductType, std::int64_t, std::int64_t>, std::shared_ptr<const TileProduct>> products_;
};

}  // namespace lacuna::cpu
