#include "vision/vq_config.h"

#include <stdexcept>
#include <string>

#include "runtime/weights/config_reader.h"

namespace lacuna::vision {
namespace {

using weights::ConfigReader;
using weights::Json;

void require(bool ok, const std::string& rule) {
  if (!ok) throw std::invalid_argument("[vq] expected " + rule);
}

void validate_levels(const VqConfig& config, const VqLevels& levels, const std::string& name) {
  require(levels.count() >= 1 && levels.count() <= 8, "1 to 8 levels in " + name);
  require(levels.blocks.size() == levels.multipliers.size(), "one block count for each level of " + name);
  for (int l = 0; l < levels.count(); ++l) {
    const int multiplier = levels.multipliers[std::size_t(l)], blocks = levels.blocks[std::size_t(l)];
    require(multiplier >= 1 && multiplier <= 64, name + " multipliers in [1, 64]");
    require(blocks >= 0 && blocks <= 64, name + " blocks in [0, 64]");
    require(config.channels * multiplier % config.norm_groups == 0,
            "norm_groups to divide the channels of every level of " + name);
  }
}

Json integers(const std::vector<int>& values) {
  Json::Array array;
  for (int v : values) array.push_back(v);
  return Json(std::move(array));
}

std::vector<int> read_integers(ConfigReader& c, const char* key) {
  std::vector<int> values;
  for (std::int64_t v : c.integers(key, 0, 64, 8)) values.push_back(int(v));
  return values;
}

}  // namespace

void VqConfig::validate() const {
  require(channels >= 1 && channels <= 4096, "channels in [1, 4096], got " + std::to_string(channels));
  require(norm_groups >= 1, "norm_groups >= 1");
  require(norm_epsilon > 0, "norm_epsilon > 0");
  validate_levels(*this, encoder, "encoder");
  validate_levels(*this, decoder, "decoder");
  require(encoder.count() == decoder.count(), "as many decoder levels as encoder levels");
  require(latent_channels >= 1 && latent_channels <= 4096, "latent_channels in [1, 4096]");
  if (quantiser == Quantiser::sign) {
    require(latent_channels <= 24 && codebook_size == 1 << latent_channels,
            "codebook_size = 2^latent_channels for the sign quantiser");
    require(!normalise_latents, "normalise_latents false for the sign quantiser");
  }
  require(names == VqNames::magvit || !mid_attention, "no mid attention with diffusers' names, whose layers differ");
  require(codebook_size >= 2 && codebook_size <= 1 << 24, "codebook_size in [2, 2^24]");
}

Json VqConfig::to_json() const {
  return Json(Json::Object{
      {"model_type", "vq_image_tokenizer"},
      {"channels", channels},
      {"encoder_multipliers", integers(encoder.multipliers)},
      {"encoder_blocks", integers(encoder.blocks)},
      {"decoder_multipliers", integers(decoder.multipliers)},
      {"decoder_blocks", integers(decoder.blocks)},
      {"mid_attention", mid_attention},
      {"latent_channels", latent_channels},
      {"quantiser", quantiser == Quantiser::nearest ? "nearest" : "sign"},
      {"codebook_size", codebook_size},
      {"normalise_latents", normalise_latents},
      {"norm_groups", norm_groups},
      {"norm_epsilon", double(norm_epsilon)},
      {"pixel_bytes", bytes == PixelBytes::rounded ? "rounded" : "truncated"},
      {"pixel_range", range == PixelRange::symmetric ? "symmetric" : "unit"},
      {"weight_names", names == VqNames::magvit ? "magvit" : "diffusers"},
  });
}

VqConfig VqConfig::from_json(const Json& json, const std::filesystem::path& file) {
  ConfigReader c(json, file);
  c.one_of("model_type", {"vq_image_tokenizer"});
  VqConfig config;
  config.channels = int(c.integer("channels", 1, 4096));
  config.encoder = {read_integers(c, "encoder_multipliers"), read_integers(c, "encoder_blocks")};
  config.decoder = {read_integers(c, "decoder_multipliers"), read_integers(c, "decoder_blocks")};
  config.mid_attention = c.boolean_or("mid_attention", true);
  config.latent_channels = int(c.integer("latent_channels", 1, 4096));
  config.quantiser =
      c.one_of("quantiser", {"nearest", "sign"}) == "nearest" ? Quantiser::nearest : Quantiser::sign;
  config.codebook_size = int(c.integer("codebook_size", 2, 1 << 24));
  config.normalise_latents = c.boolean_or("normalise_latents", false);
  config.norm_groups = int(c.integer_or("norm_groups", 32, 1, 4096));
  config.norm_epsilon = float(c.number_or("norm_epsilon", 1e-6, 1e-12, 1.0));
  config.bytes = c.one_of_or("pixel_bytes", "rounded", {"rounded", "truncated"}) == "rounded" ? PixelBytes::rounded
                                                                                                 : PixelBytes::truncated;
  config.range = c.one_of_or("pixel_range", "symmetric", {"symmetric", "unit"}) == "symmetric" ? PixelRange::symmetric
                                                                                               : PixelRange::unit;
  config.names =
      c.one_of_or("weight_names", "magvit", {"magvit", "diffusers"}) == "magvit" ? VqNames::magvit : VqNames::diffusers;
  c.finish();
  try {
    config.validate();
  } catch (const std::invalid_argument& error) {
    c.fail("model_type", error.what());
  }
  return config;
}

}  // namespace lacuna::vision
