#include "vision/diffusers_vq_config.h"

#include <stdexcept>
#include <string>

#include "runtime/weights/config_reader.h"

namespace lacuna::vision {
namespace {

using weights::ConfigReader;

/// One block for each level, all of the kind that this network has.
void check_block_types(ConfigReader& c, const char* key, const std::string& kind, std::size_t levels) {
  const auto types = c.strings_or(key, {kind}, 64);
  if (types.size() != levels) {
    c.fail(key, "expected a block for each of the " + std::to_string(levels) + " block_out_channels, got " +
                    std::to_string(types.size()));
  }
  for (const std::string& type : types) {
    if (type != kind) c.fail(key, "expected " + kind + ", the only block that this network has, got \"" + type + "\"");
  }
}

void require(ConfigReader& c, const char* key, bool class_default, bool expected, const char* why) {
  if (c.boolean_or(key, class_default) != expected) {
    c.fail(key, std::string("expected ") + (expected ? "true" : "false") + ": " + why);
  }
}

}  // namespace

VqConfig diffusers_vq_config(const weights::Json& json, const std::filesystem::path& file) {
  ConfigReader c(json, file);
  c.one_of("_class_name", {"VQModel"});
  const auto channels = c.integers_or("block_out_channels", {64}, 1, 4096, 8);
  if (channels.empty()) c.fail("block_out_channels", "expected at least one level");
  const auto layers = int(c.integer_or("layers_per_block", 1, 1, 63));
  VqConfig config;
  config.channels = int(channels.front());
  config.encoder = config.decoder = {{}, {}};
  for (const std::int64_t level : channels) {
    if (level % channels.front() != 0) {
      c.fail("block_out_channels", "expected multiples of the first level's " + std::to_string(channels.front()) +
                                       " channels, got " + std::to_string(level));
    }
    for (VqLevels* half : {&config.encoder, &config.decoder}) {
      half->multipliers.push_back(int(level / channels.front()));
      half->blocks.push_back(half == &config.encoder ? layers : layers + 1);
    }
  }
  check_block_types(c, "down_block_types", "DownEncoderBlock2D", channels.size());
  check_block_types(c, "up_block_types", "UpDecoderBlock2D", channels.size());
  for (const char* key : {"in_channels", "out_channels"}) {
    if (c.integer_or(key, 3, 1, 4096) != 3) c.fail(key, "expected 3: red, green and blue");
  }
  c.one_of_or("act_fn", "silu", {"silu", "swish"});
  c.one_of_or("norm_type", "group", {"group"});
  require(c, "mid_block_add_attention", true, false, "attention in the middle is not computed under these names");
  require(c, "lookup_from_codebook", false, true, "pictures are decoded from codes");
  config.mid_attention = false;
  config.latent_channels = int(c.integer_or("latent_channels", 3, 1, 4096));
  if (c.integer_or("vq_embed_dim", config.latent_channels, 1, 4096) != config.latent_channels) {
    c.fail("vq_embed_dim", "expected the " + std::to_string(config.latent_channels) + " of latent_channels");
  }
  config.quantiser = Quantiser::nearest;
  config.codebook_size = int(c.integer_or("num_vq_embeddings", 256, 2, 1 << 24));
  config.normalise_latents = false;
  config.norm_groups = int(c.integer_or("norm_num_groups", 32, 1, 4096));
  config.norm_epsilon = 1e-6f;
  config.bytes = PixelBytes::rounded;
  config.range = PixelRange::unit;
  config.names = VqNames::diffusers;
  // The factor is for diffusion in the latent space; sample_size was that of training.
  c.ignore({"_diffusers_version", "_name_or_path", "force_upcast", "sample_size", "scaling_factor"});
  c.finish();
  try {
    config.validate();
  } catch (const std::invalid_argument& error) {
    c.fail("block_out_channels", error.what());
  }
  return config;
}

}  // namespace lacuna::vision
