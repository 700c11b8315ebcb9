#pragma once

#include "runtime/cpu/kernels/kernels.h"

/// Each file of this folder fills its part of the table of the instruction set it is compiled for;
/// LACUNA_ISA (set by CMake) keeps the copies apart.
namespace lacuna::cpu::LACUNA_ISA {

void fill_elementwise(Kernels& kernels);
void fill_rows(Kernels& kernels);
void fill_group_moments(Kernels& kernels);
void fill_tiles(Kernels& kernels);
void fill_blocks(Kernels& kernels);
void fill_stored_panels(Kernels& kernels);
void fill_panels(Kernels& kernels);
void fill_attention(Kernels& kernels);

}  // namespace lacuna::cpu::LACUNA_ISA
