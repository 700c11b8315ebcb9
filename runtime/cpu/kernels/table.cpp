#include "runtime/cpu/kernels/fill.h"

#define LACUNA_JOIN(a, b) a##b
#define LACUNA_TABLE(isa) LACUNA_JOIN(isa, _kernels)

namespace lacuna::cpu {
namespace LACUNA_ISA {
namespace {

Kernels make_table() {
  Kernels kernels{};
  fill_elementwise(kernels);
  fill_rows(kernels);
  fill_group_moments(kernels);
  fill_tiles(kernels);
  fill_blocks(kernels);
  fill_stored_panels(kernels);
  fill_panels(kernels);
  fill_attention(kernels);
  return kernels;
}

}  // namespace
}  // namespace LACUNA_ISA

/// baseline_kernels(), avx2_kernels(), ...
Kernels LACUNA_TABLE(LACUNA_ISA)() { return LACUNA_ISA::make_table(); }

}  // namespace lacuna::cpu
