#pragma once

#include "fusion/token_space.h"

namespace lacuna::samplers {

/// How tokens of one modality are drawn. With guidance_scale != 1 a second branch runs in which the other
/// modality is masked wherever it lies: logits = without + scale * (with - without).
struct DrawOptions {
  float temperature = 1.0f;     // 0 = always the most probable
  float guidance_scale = 1.0f;  // 1 = off
  int top_k = 0;                // 0 = off
  float top_p = 1.0f;           // 1 = off

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// Draw options of both modalities.
struct Draws {
  DrawOptions text;
  DrawOptions image;

  const DrawOptions& of(fusion::Modality modality) const {
    return modality == fusion::Modality::text ? text : image;
  }
};

}  // namespace lacuna::samplers
