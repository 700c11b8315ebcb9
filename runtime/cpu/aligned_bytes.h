#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "fusion/graph/executor.h"

namespace lacuna::cpu {

/// Uninitialised memory aligned to a cache line. Throws DeviceError(out_of_memory).
class AlignedBytes {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t size) : size_(size) {
    if (size == 0) return;
    data_.reset(static_cast<std::byte*>(::operator new(size, std::align_val_t{kAlignment}, std::nothrow)));
    if (!data_) {
      throw graph::DeviceError(graph::DeviceError::Kind::out_of_memory,
                               "[cpu] expected " + std::to_string(size) + " bytes of memory, got none");
    }
  }

  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace lacuna::cpu
