#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "runtime/cpu/aligned_bytes.h"

namespace lacuna::cpu {

/// Working memory that the plans of one executor share: a plan holds a block while it runs. There are as many
/// blocks as plans run at once, each as large as the largest plan it has served.
class ScratchPool {
 public:
  /// A block of at least `bytes` on loan, with whatever the last plan left in it; goes back at the end of the scope.
  class Loan {
   public:
    /// Throws DeviceError(out_of_memory).
    Loan(ScratchPool& pool, std::size_t bytes);
    ~Loan() { pool_.give_back(std::move(block_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    std::byte* data() const { return block_.data(); }

   private:
    ScratchPool& pool_;
    AlignedBytes block_;
  };

  /// Bytes of the blocks that are not on loan.
  std::size_t free_bytes() const;

 private:
  AlignedBytes take_largest();
  void give_back(AlignedBytes block) noexcept;

  mutable std::mutex mutex_;
  std::vector<AlignedBytes> free_;
  std::size_t lent_ = 0;
};

}  // namespace lacuna::cpu
