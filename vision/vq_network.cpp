#include "vision/vq_network.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "vision/vq_names.h"

namespace lacuna::vision {
namespace {

using graph::Conv2dAttributes;
using graph::GraphBuilder;
using graph::Value;

constexpr Conv2dAttributes kPointwise{1, 0, 0, 0, 0};
constexpr Conv2dAttributes kSame3x3{1, 1, 1, 1, 1};
constexpr Conv2dAttributes kHalve{2, 0, 0, 1, 1};  // pads right and bottom only, as the released encoder does

/// Layers of one half of the network.
class Network {
 public:
  Network(GraphBuilder& b, const VqConfig& config, VqWeightNames::Half half)
      : b_(b), config_(config), names_(config, half) {}

  const VqWeightNames& names() const { return names_; }

  Value conv(const std::string& name, Value x, std::int64_t out, std::int64_t kernel,
             const Conv2dAttributes& attributes) {
    const Value weight = b_.weight(name + ".weight", {out, channels(x), kernel, kernel});
    return b_.conv2d(x, weight, b_.weight(name + ".bias", {out}), attributes);
  }

  Value norm(const std::string& name, Value x) {
    const std::int64_t c = channels(x);
    return graph::group_norm(b_, x, b_.weight(name + ".weight", {c}),
                             b_.weight(name + ".bias", {c}),
                             {config_.norm_epsilon, config_.norm_groups});
  }

  Value norm_swish(const std::string& name, Value x) { return b_.unary(norm(name, x), graph::Unary::silu); }

  Value residual_block(const std::string& name, Value x, std::int64_t out) {
    Value y = conv(name + ".conv1", norm_swish(name + ".norm1", x), out, 3, kSame3x3);
    y = conv(name + ".conv2", norm_swish(name + ".norm2", y), out, 3, kSame3x3);
    return b_.add(y, channels(x) == out ? x : conv(name + names_.shortcut(), x, out, 1, kPointwise));
  }

  /// Single-head attention over all positions of each picture.
  Value attention_block(const std::string& name, Value x) {
    const graph::Shape s = b_.shape(x);
    const Value n = norm(name + ".norm", x);
    const Value q = as_rows(conv(name + ".q", n, s[1], 1, kPointwise));
    const Value k = as_rows(conv(name + ".k", n, s[1], 1, kPointwise));
    const Value v = as_rows(conv(name + ".v", n, s[1], 1, kPointwise));
    graph::AttentionAttributes attributes;
    attributes.scale = 1.0f / std::sqrt(float(s[1]));
    attributes.segments.assign(std::size_t(s[0]), s[2] * s[3]);
    const Value mixed = graph::attention(b_, q, k, v, attributes);
    const Value picture = b_.permute(b_.reshape(mixed, {s[0], s[2], s[3], s[1]}), {0, 3, 1, 2});
    return b_.add(x, conv(name + ".proj_out", picture, s[1], 1, kPointwise));
  }

  Value mid(Value x) {
    x = residual_block(names_.mid_block(0), x, channels(x));
    if (config_.mid_attention) x = attention_block(names_.mid_attention(), x);
    return residual_block(names_.mid_block(1), x, channels(x));
  }

  std::int64_t level_channels(const VqLevels& levels, int level) const {
    return std::int64_t(config_.channels) * levels.multipliers[std::size_t(level)];
  }

 private:
  std::int64_t channels(Value x) const { return b_.shape(x)[1]; }

  /// [B, C, h, w] -> [B * h * w, C]
  Value as_rows(Value x) {
    const graph::Shape s = b_.shape(x);
    return b_.reshape(b_.permute(x, {0, 2, 3, 1}), {s[0] * s[2] * s[3], s[1]});
  }

  GraphBuilder& b_;
  const VqConfig& config_;
  VqWeightNames names_;
};

/// Scales every latent vector to length 1.
Value normalised(GraphBuilder& b, Value z_BChw) {
  const Value rows = b.permute(z_BChw, {0, 2, 3, 1});
  const Value length2 = b.reduce(b.unary(rows, graph::Unary::square), graph::Reduction::sum);
  const Value inverse = b.unary(b.affine(length2, {1.0f, 1e-12f}), graph::Unary::rsqrt);
  return b.permute(b.multiply(rows, inverse), {0, 3, 1, 2});
}

Value encode(GraphBuilder& b, const VqConfig& config, Value pixels) {
  Network net(b, config, VqWeightNames::Half::encoder);
  const VqWeightNames& names = net.names();
  const VqLevels& levels = config.encoder;
  if (config.range == PixelRange::unit) pixels = b.affine(pixels, {0.5f, 0.5f});
  Value x = net.conv(names.conv_in(), pixels, config.channels, 3, kSame3x3);
  for (int l = 0; l < levels.count(); ++l) {
    for (int i = 0; i < levels.blocks[std::size_t(l)]; ++i) {
      x = net.residual_block(names.block(l, i), x, net.level_channels(levels, l));
    }
    if (l + 1 < levels.count()) x = net.conv(names.resample(l), x, b.shape(x)[1], 3, kHalve);
  }
  x = net.norm_swish(names.norm_out(), net.mid(x));
  x = net.conv(names.conv_out(), x, config.latent_channels, 3, kSame3x3);
  x = net.conv(names.latent_conv(), x, config.latent_channels, 1, kPointwise);
  return config.normalise_latents ? normalised(b, x) : x;
}

Value decode(GraphBuilder& b, const VqConfig& config, Value latents) {
  Network net(b, config, VqWeightNames::Half::decoder);
  const VqWeightNames& names = net.names();
  const VqLevels& levels = config.decoder;
  const int top = levels.count() - 1;
  Value x = net.conv(names.latent_conv(), latents, config.latent_channels, 1, kPointwise);
  x = net.mid(net.conv(names.conv_in(), x, net.level_channels(levels, top), 3, kSame3x3));
  for (int l = top; l >= 0; --l) {
    for (int i = 0; i < levels.blocks[std::size_t(l)]; ++i) {
      x = net.residual_block(names.block(l, i), x, net.level_channels(levels, l));
    }
    if (l > 0) x = net.conv(names.resample(l - 1), b.upsample_nearest2x(x), b.shape(x)[1], 3, kSame3x3);
  }
  x = net.conv(names.conv_out(), net.norm_swish(names.norm_out(), x), 3, 3, kSame3x3);
  return config.range == PixelRange::unit ? b.affine(x, {2.0f, -1.0f}) : x;
}

Value codebook(GraphBuilder& b, const VqConfig& config) {
  const graph::Shape shape{config.codebook_size, config.latent_channels};
  if (config.quantiser == Quantiser::nearest) return b.weight(codebook_weight(config.names), shape);
  std::vector<float> signs;
  for (int code = 0; code < config.codebook_size; ++code) {
    for (int c = config.latent_channels - 1; c >= 0; --c) signs.push_back((code >> c) & 1 ? 1.0f : -1.0f);
  }
  return b.constant(shape, std::move(signs));
}

graph::Shape pixel_shape(const VqConfig& config, const VqShape& shape) {
  config.validate();
  if (shape.batch < 1 || shape.height < 1 || shape.width < 1) {
    throw std::invalid_argument("[vq] expected at least one picture of at least one code");
  }
  const std::int64_t cell = config.pixels_per_code();
  return {shape.batch, 3, shape.height * cell, shape.width * cell};
}

}  // namespace

graph::Graph build_vq_encoder(const VqConfig& config, const VqShape& shape) {
  GraphBuilder b;
  b.output("latents", encode(b, config, b.input("pixels", graph::DType::f32, pixel_shape(config, shape))));
  return b.finish();
}

graph::Graph build_vq_tokeniser(const VqConfig& config, const VqShape& shape) {
  GraphBuilder b;
  const Value z = encode(b, config, b.input("pixels", graph::DType::f32, pixel_shape(config, shape)));
  b.output("codes", config.quantiser == Quantiser::sign ? graph::quantise_sign(b, z)
                                                        : graph::quantise_nearest(b, z, codebook(b, config)));
  return b.finish();
}

graph::Graph build_vq_decoder(const VqConfig& config, const VqShape& shape) {
  pixel_shape(config, shape);
  GraphBuilder b;
  const Value latents = b.input("latents", graph::DType::f32,
                                {shape.batch, config.latent_channels, shape.height, shape.width});
  b.output("pixels", decode(b, config, latents));
  return b.finish();
}

graph::Graph build_vq_detokeniser(const VqConfig& config, const VqShape& shape) {
  pixel_shape(config, shape);
  GraphBuilder b;
  const Value codes =
      b.input("codes", graph::DType::i32, {shape.batch * shape.height * shape.width});
  const Value rows = b.gather_rows(codebook(b, config), codes);
  const Value grid = b.reshape(rows, {shape.batch, shape.height, shape.width, config.latent_channels});
  b.output("pixels", decode(b, config, b.permute(grid, {0, 3, 1, 2})));
  return b.finish();
}

}  // namespace lacuna::vision
