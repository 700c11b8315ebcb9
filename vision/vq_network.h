#pragma once

#include <cstdint>

#include "fusion/graph/graph.h"
#include "vision/vq_config.h"

/// The image tokenizer's network as graphs; weight names are those of the released MAGVIT-v2 checkpoints
/// (encoder.*, decoder.*, quantize.embedding) or of diffusers' VQModel (vq_names.h). Whatever range the network itself
/// wants, pixels go in and out in [-1, 1]. Shape letters: B pictures, C latent channels, h x w codes,
/// H = h * pixels_per_code, W likewise, P = h * w.
namespace lacuna::vision {

/// Of VqNames::magvit.
inline constexpr const char* kCodebookWeight = "quantize.embedding";

/// Sizes of one call, in codes.
struct VqShape {
  std::int64_t batch = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// "pixels" f32 [B, 3, H, W] in [-1, 1] -> "latents" [B, C, h, w], after normalisation where configured.
graph::Graph build_vq_encoder(const VqConfig& config, const VqShape& shape);
/// "pixels" f32 [B, 3, H, W] in [-1, 1] -> "codes" i32 [B, P].
graph::Graph build_vq_tokeniser(const VqConfig& config, const VqShape& shape);
/// "latents" f32 [B, C, h, w] (quantised) -> "pixels" [B, 3, H, W], about [-1, 1], not clamped.
graph::Graph build_vq_decoder(const VqConfig& config, const VqShape& shape);
/// "codes" i32 [B * P] -> "pixels" [B, 3, H, W]. For the sign quantiser the codebook is a constant.
graph::Graph build_vq_detokeniser(const VqConfig& config, const VqShape& shape);

}  // namespace lacuna::vision
