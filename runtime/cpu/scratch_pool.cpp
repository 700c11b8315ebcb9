#include "runtime/cpu/scratch_pool.h"

#include <algorithm>
#include <utility>

namespace lacuna::cpu {

ScratchPool::Loan::Loan(ScratchPool& pool, std::size_t bytes) : pool_(pool), block_(pool.take_largest()) {
  if (block_.size() >= bytes) return;
  block_ = AlignedBytes();  // the old one first, so that both never exist together
  try {
    block_ = AlignedBytes(bytes);
  } catch (...) {
    pool_.give_back({});
    throw;
  }
}

AlignedBytes ScratchPool::take_largest() {
  const std::scoped_lock lock(mutex_);
  free_.reserve(free_.size() + lent_ + 1);  // so that give_back() cannot fail
  ++lent_;
  const auto largest = std::ranges::max_element(free_, {}, &AlignedBytes::size);
  if (largest == free_.end()) return {};
  AlignedBytes block = std::move(*largest);
  free_.erase(largest);
  return block;
}

std::size_t ScratchPool::free_bytes() const {
  const std::scoped_lock lock(mutex_);
  std::size_t bytes = 0;
  for (const AlignedBytes& block : free_) bytes += block.size();
  return bytes;
}

void ScratchPool::give_back(AlignedBytes block) noexcept {
  const std::scoped_lock lock(mutex_);
  --lent_;
  if (block.size() > 0) free_.push_back(std::move(block));
}

}  // namespace lacuna::cpu
