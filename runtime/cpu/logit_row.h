#pragma once

#include <cstddef>
#include <cstring>
#include <limits>

#include "runtime/cpu/vector_exp.h"

namespace lacuna::cpu {

/// The row after guidance; unconditional is null when there is none.
struct LogitRow {
  const float* conditional = nullptr;
  const float* unconditional = nullptr;
  float scale = 1.0f;
  std::size_t classes = 0;

  float at(std::size_t i) const {
    return unconditional ? unconditional[i] + scale * (conditional[i] - unconditional[i]) : conditional[i];
  }
};

/// Classes i to i + 7; those past the end are -inf.
[[gnu::always_inline]] inline void load(const LogitRow& row, std::size_t i, Float8& x) {
  if (i + kLanes <= row.classes) {
    std::memcpy(&x, row.conditional + i, sizeof x);
    if (row.unconditional) {
      Float8 u;
      std::memcpy(&u, row.unconditional + i, sizeof u);
      x = u + row.scale * (x - u);
    }
    return;
  }
  x = Float8{} - std::numeric_limits<float>::infinity();
  for (std::size_t j = 0; i + j < row.classes; ++j) x[j] = row.at(i + j);
}

}  // namespace lacuna::cpu
