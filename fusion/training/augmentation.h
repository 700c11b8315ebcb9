#pragma once

#include <cstdint>
#include <span>

#include "fusion/training/option_table.h"
#include "fusion/training/tensors.h"

namespace lacuna::training {

/// How far pictures are moved and recoloured before the network sees them. Not mirrored unless asked: letters, flags
/// and arrows would say something else.
struct AugmentOptions {
  double shift = 0.06;     // of the side, each direction
  double scale = 0.08;     // size changes by up to this part
  double rotation = 4.0;   // degrees
  double contrast = 0.1;   // distance from white changes by up to this part
  double hue_probability = 0.3;  // of turning all hues by a random angle; grey and white stay
  double mirror_probability = 0.0;  // of exchanging left and right

  void describe(OptionTable& table);
};

/// Pictures [B, 3, H, W] in [-1, 1] -> the same moved, turned and recoloured on white ground (1), on their
/// device. `keys[i]` is what picture i's random numbers depend on, with `seed`; a negative key leaves it alone.
at::Tensor augment(const at::Tensor& pixels, std::uint64_t seed, std::span<const std::int64_t> keys,
                   const AugmentOptions& options);

}  // namespace lacuna::training
