#include "vision/vq_names.h"

namespace lacuna::vision {

VqWeightNames::VqWeightNames(const VqConfig& config, Half half)
    : names_(config.names), half_(half), levels_(config.encoder.count()),
      prefix_(half == Half::encoder ? "encoder." : "decoder.") {}

std::string VqWeightNames::level_name(int level) const {
  if (half_ == Half::encoder) {
    return prefix_ + (diffusers() ? "down_blocks." : "down.") + std::to_string(level);
  }
  return diffusers() ? prefix_ + "up_blocks." + std::to_string(levels_ - 1 - level)
                     : prefix_ + "up." + std::to_string(level);
}

std::string VqWeightNames::block(int level, int index) const {
  return level_name(level) + (diffusers() ? ".resnets." : ".block.") + std::to_string(index);
}

std::string VqWeightNames::resample(int level) const {
  if (half_ == Half::encoder) return level_name(level) + (diffusers() ? ".downsamplers.0.conv" : ".downsample.conv");
  return level_name(level + 1) + (diffusers() ? ".upsamplers.0.conv" : ".upsample.conv");
}

std::string VqWeightNames::mid_block(int index) const {
  return prefix_ + (diffusers() ? "mid_block.resnets." + std::to_string(index)
                                : "mid.block_" + std::to_string(index + 1));
}

std::string VqWeightNames::mid_attention() const {
  return prefix_ + (diffusers() ? "mid_block.attentions.0" : "mid.attn_1");
}

std::string VqWeightNames::shortcut() const { return diffusers() ? ".conv_shortcut" : ".nin_shortcut"; }
std::string VqWeightNames::conv_in() const { return prefix_ + "conv_in"; }
std::string VqWeightNames::norm_out() const { return prefix_ + (diffusers() ? "conv_norm_out" : "norm_out"); }
std::string VqWeightNames::conv_out() const { return prefix_ + "conv_out"; }

std::string VqWeightNames::latent_conv() const {
  const std::string name = half_ == Half::encoder ? "quant_conv" : "post_quant_conv";
  return diffusers() ? name : prefix_ + name;
}

std::string codebook_weight(VqNames names) {
  return names == VqNames::diffusers ? "quantize.embedding.weight" : "quantize.embedding";
}

}  // namespace lacuna::vision
