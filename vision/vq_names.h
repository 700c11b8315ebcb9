#pragma once

#include <cstdint>
#include <string>

#include "vision/vq_config.h"

namespace lacuna::vision {

/// Names of the weights of a VQ image tokenizer, without ".weight" and ".bias", by their place in the network. Level 0
/// is the full resolution in both halves (diffusers counts its decoder from the coarsest).
class VqWeightNames {
 public:
  enum class Half : std::uint8_t { encoder, decoder };

  VqWeightNames(const VqConfig& config, Half half);

  std::string block(int level, int index) const;
  /// The convolution between this level and the next coarser one.
  std::string resample(int level) const;
  std::string mid_block(int index) const;
  std::string mid_attention() const;
  /// The convolution of a block whose channels change, behind the block's name.
  std::string shortcut() const;
  std::string conv_in() const;
  std::string norm_out() const;
  std::string conv_out() const;
  /// The 1 x 1 convolution on the side of the codebook.
  std::string latent_conv() const;

 private:
  bool diffusers() const { return names_ == VqNames::diffusers; }
  std::string level_name(int level) const;

  VqNames names_;
  Half half_;
  int levels_;
  std::string prefix_;
};

/// The tensor that holds the codebook.
std::string codebook_weight(VqNames names);

}  // namespace lacuna::vision
