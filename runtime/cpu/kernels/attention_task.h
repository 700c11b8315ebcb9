#pragma once

#include <cstdint>

#include "runtime/cpu/storage.h"

namespace lacuna::cpu {

/// c [rows, columns rounded up to whole panels] = a [rows, depth] b, with b packed in panels. Depth and strides of
/// a and b count words of 4 bytes: one f32, or a pair of bf16 that are neighbours along the depth.
struct PanelProduct {
  Storage storage = Storage::f32;  // of a and b
  const void* a = nullptr;
  std::int64_t a_stride = 0;
  const void* panels = nullptr;
  std::int64_t panel_stride = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;
  float* c = nullptr;
  std::int64_t c_stride = 0;
  enum class Mode : std::uint8_t { overwrite, accumulate } mode = Mode::overwrite;
};

/// A block of queries of one head against all keys of its segment, with an online softmax (Dao et al.,
/// "FlashAttention-2", arXiv 2307.08691, algorithm 1): scores exist for one block of keys at a time.
struct AttentionTask {
  /// Queries per task and keys per inner block.
  static constexpr std::int64_t kQueries = 48;
  static constexpr std::int64_t kKeys = 256;

  ConstReals queries;  // [rows, head_dim] with `query_stride`; bf16 needs an even head_dim and stride
  std::int64_t query_stride = 0;
  std::int64_t rows = 0;  // <= kQueries
  std::int64_t keys = 0;
  std::int64_t head_dim = 0;
  float scale = 1.0f;
  const void* packed_keys = nullptr;    // pack_transposed(keys, head_dim), storage of the queries
  const void* packed_values = nullptr;  // pack(keys, head_dim)
  Reals out;                            // [rows, head_dim] with `out_stride`
  std::int64_t out_stride = 0;
  void* scratch = nullptr;  // scratch_bytes(head_dim)
  void (*multiply)(const PanelProduct& product) = nullptr;  // Kernels::multiply_panels

  /// Bytes of scratch for any instruction set: scores, probabilities, sums, padded queries.
  static constexpr std::int64_t scratch_bytes(std::int64_t head_dim) {
    const std::int64_t padded = (head_dim + 63) / 64 * 64;
    return kQueries * (kKeys * 8 + padded * 8 + 64) + 256;
  }
};

}  // namespace lacuna::cpu
