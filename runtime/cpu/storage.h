#pragma once

#include <cstddef>
#include <cstdint>

namespace lacuna::cpu {

/// How the elements of a value lie in memory. A real value (graph f32) may be held as bf16.
enum class Storage : std::uint8_t { f32, bf16, i32 };

constexpr std::size_t size_of(Storage storage) { return storage == Storage::bf16 ? 2 : 4; }

/// Order of a value's axes in memory: as the graph says, or [B, H, W, C] for a graph value [B, C, H, W].
enum class Layout : std::uint8_t { plain, channels_last };

/// Upper half of an IEEE float.
struct Bf16 {
  std::uint16_t bits = 0;
};

/// Reals of either width, read or written in place.
struct ConstReals {
  const void* data = nullptr;
  Storage storage = Storage::f32;

  /// The reals from `elements` on.
  ConstReals from(std::int64_t elements) const {
    return {static_cast<const char*>(data) + std::size_t(elements) * size_of(storage), storage};
  }
};
struct Reals {
  void* data = nullptr;
  Storage storage = Storage::f32;

  Reals from(std::int64_t elements) const {
    return {static_cast<char*>(data) + std::size_t(elements) * size_of(storage), storage};
  }
  operator ConstReals() const { return {data, storage}; }
};

}  // namespace lacuna::cpu
