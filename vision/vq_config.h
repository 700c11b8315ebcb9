#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "runtime/weights/json.h"

namespace lacuna::vision {

enum class Quantiser : std::uint8_t { nearest, sign };

/// How pixels in [0, 1] become bytes: to the nearest, or cut off as the released scripts do.
enum class PixelBytes : std::uint8_t { rounded, truncated };

/// Values that pictures have at the network's ends: [-1, 1], or [0, 1] as they are (aMUSEd).
enum class PixelRange : std::uint8_t { symmetric, unit };

/// Whose names the weights have: those of MAGVIT-v2, which this project's own tokenizers share, or diffusers' VQModel.
enum class VqNames : std::uint8_t { magvit, diffusers };

/// One half of the network, level 0 being the full resolution. Channels of level l: channels * multipliers[l].
struct VqLevels {
  std::vector<int> multipliers;
  std::vector<int> blocks;  // residual blocks of each level

  int count() const { return int(multipliers.size()); }
};

/// A VQGAN-shaped image tokenizer; the released MAGVIT-v2 is channels 128, encoder {1,2,2,4,4} x {4,3,4,3,4},
/// decoder {1,1,2,2,4} x {4,4,3,4,3}, mid attention, 13 latent channels, sign quantiser, 32 groups;
/// aMUSEd's VQModel, which Lumina-DiMOO uses, channels 128, encoder {1,2,2,4,6} x 2, decoder {1,2,2,4,6} x 3, no mid
/// attention, 64 latent channels, the nearest of 8192, 32 groups, pixels in [0, 1].
struct VqConfig {
  int channels = 64;
  VqLevels encoder{{1, 1, 2, 2}, {2, 2, 2, 2}};
  VqLevels decoder{{1, 1, 2, 2}, {2, 2, 2, 2}};
  bool mid_attention = true;
  int latent_channels = 8;
  Quantiser quantiser = Quantiser::nearest;
  int codebook_size = 4096;        // 2^latent_channels for sign
  bool normalise_latents = false;  // nearest only: latents are scaled to length 1 before the look-up
  int norm_groups = 32;
  float norm_epsilon = 1e-6f;
  PixelBytes bytes = PixelBytes::rounded;
  PixelRange range = PixelRange::symmetric;
  VqNames names = VqNames::magvit;

  /// Pixels along each side of one code's cell.
  int pixels_per_code() const { return 1 << (encoder.count() - 1); }
  /// Throws std::invalid_argument naming the field.
  void validate() const;
  weights::Json to_json() const;
  /// From the object of a config.json with model_type "vq_image_tokenizer"; unknown fields are errors.
  /// Throws weights::CheckpointError.
  static VqConfig from_json(const weights::Json& json, const std::filesystem::path& file);
};

}  // namespace lacuna::vision
