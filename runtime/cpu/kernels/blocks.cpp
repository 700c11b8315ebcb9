#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/stored_blocks.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

void widen_blocks(const BlockRow& row, Reals y) {
  with_type(y, [&](auto* to) { widen_row(row, to); });
}

}  // namespace

void fill_blocks(Kernels& kernels) { kernels.widen_blocks = widen_blocks; }

}  // namespace lacuna::cpu::LACUNA_ISA
