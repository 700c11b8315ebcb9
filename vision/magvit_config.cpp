#include "vision/magvit_config.h"

#include <stdexcept>
#include <string>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/config_reader.h"
#include "runtime/weights/convert.h"
#include "vision/vq_network.h"

namespace lacuna::vision {
namespace {

using weights::Checkpoint;
using weights::CheckpointError;

constexpr int kMaxLevels = 8;
constexpr int kMaxBlocks = 64;

/// Reads the structure of one half of the network off its tensors.
class Shapes {
 public:
  explicit Shapes(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  bool has(const std::string& name) const { return checkpoint_.find(name) != nullptr; }

  /// Output channels of a convolution [out, in, kernel, kernel].
  int channels(const std::string& name) const {
    const graph::WeightView* view = checkpoint_.find(name);
    if (!view) fail("expected the tensor \"" + name + "\" of a MAGVIT-v2 image tokenizer, there is none");
    if (view->shape.rank() != 4 || view->shape[0] < 1 || view->shape[0] > 4096) {
      fail("tensor \"" + name + "\": expected [1..4096, in, kernel, kernel], got " + view->shape.to_string());
    }
    return int(view->shape[0]);
  }

  /// Channels and blocks of "down.L" or "up.L" for L = 0, 1, ... as multiples of `base`.
  VqLevels levels(const std::string& prefix, int base) const {
    VqLevels levels{{}, {}};
    for (int l = 0; l < kMaxLevels && has(conv(prefix, l, 0)); ++l) {
      const int width = channels(conv(prefix, l, 0));
      if (width % base != 0) {
        fail("tensor \"" + conv(prefix, l, 0) + "\": expected a multiple of the " + std::to_string(base) +
             " channels of conv_in, got " + std::to_string(width));
      }
      int blocks = 1;
      while (blocks < kMaxBlocks && has(conv(prefix, l, blocks))) ++blocks;
      levels.multipliers.push_back(width / base);
      levels.blocks.push_back(blocks);
    }
    if (levels.multipliers.empty()) fail("expected the tensor \"" + conv(prefix, 0, 0) + "\", there is none");
    return levels;
  }

  [[noreturn]] void fail(const std::string& message) const { throw CheckpointError(checkpoint_.path(), message); }

 private:
  static std::string conv(const std::string& prefix, int level, int block) {
    return prefix + std::to_string(level) + ".block." + std::to_string(block) + ".conv1.weight";
  }

  const Checkpoint& checkpoint_;
};

/// The released buffer spells out what the sign quantiser computes; another codebook would mean another model.
void check_codebook(const VqConfig& config, const Checkpoint& checkpoint) {
  const graph::WeightView* view = checkpoint.find(kCodebookWeight);
  if (!view) return;
  const graph::Shape expected{config.codebook_size, config.latent_channels};
  if (!(view->shape == expected)) {
    throw CheckpointError(checkpoint.path(), "tensor \"" + std::string(kCodebookWeight) + "\": expected " +
                                                 expected.to_string() + " for " +
                                                 std::to_string(config.latent_channels) + " sign channels, got " +
                                                 view->shape.to_string());
  }
  const std::vector<float> rows = weights::to_float(*view);
  std::size_t i = 0;
  for (int code = 0; code < config.codebook_size; ++code) {
    for (int c = config.latent_channels - 1; c >= 0; --c, ++i) {
      if ((rows[i] > 0) == bool((code >> c) & 1)) continue;
      throw CheckpointError(checkpoint.path(), "tensor \"" + std::string(kCodebookWeight) + "\": row " +
                                                   std::to_string(code) +
                                                   " is not the binary number of its index, the first channel its "
                                                   "highest bit; this is another quantiser");
    }
  }
}

}  // namespace

VqConfig magvit_config(const weights::Json& json, const std::filesystem::path& file, const Checkpoint& checkpoint) {
  weights::ConfigReader c(json, file);
  c.one_of("_class_name", {"MAGVITv2"});
  VqConfig config;
  config.norm_groups = int(c.integer_or("norm_num_groups", 32, 1, 4096));
  config.norm_epsilon = 1e-6f;
  c.ignore({"_diffusers_version", "_name_or_path"});
  c.finish();
  const Shapes shapes(checkpoint);
  config.channels = shapes.channels("encoder.conv_in.weight");
  config.encoder = shapes.levels("encoder.down.", config.channels);
  config.decoder = shapes.levels("decoder.up.", config.channels);
  config.mid_attention = shapes.has("encoder.mid.attn_1.q.weight");
  config.latent_channels = shapes.channels("encoder.conv_out.weight");
  if (config.latent_channels > 24) shapes.fail("expected at most 24 sign channels in encoder.conv_out.weight");
  config.quantiser = Quantiser::sign;
  config.codebook_size = 1 << config.latent_channels;
  config.bytes = PixelBytes::truncated;
  try {
    config.validate();
  } catch (const std::invalid_argument& error) {
    throw CheckpointError(checkpoint.path(), error.what());
  }
  check_codebook(config, checkpoint);
  return config;
}

}  // namespace lacuna::vision
