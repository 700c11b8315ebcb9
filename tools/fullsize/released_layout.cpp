#include "tools/fullsize/released_layout.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace lacuna::fullsize {
namespace {

using graph::DType;
using graph::Shape;
using weights::Json;
using weights::TensorSpec;

constexpr std::size_t kShards = 6;
constexpr std::int64_t kCodeBits = 13;

struct Sizes {
  std::int64_t width = 4096, layers = 32, heads = 32, mlp = 12288;
  std::int64_t channels = 128;  // of the image tokenizer
};

Sizes sizes_of(Scale scale) { return scale == Scale::released ? Sizes{} : Sizes{128, 2, 4, 256, 32}; }

std::int64_t vocabulary_of(Release release) {
  if (release == Release::lumina) return 134548;
  return release == Release::llada ? 126464 : 134656;
}

std::vector<TensorSpec> transformer_tensors(Release release, const Sizes& s) {
  const std::string root = "model.transformer.";
  const std::int64_t vocabulary = vocabulary_of(release);
  std::vector<TensorSpec> tensors;
  const auto add = [&](const std::string& name, const Shape& shape) {
    tensors.push_back({root + name + ".weight", DType::bf16, shape});
  };
  const auto add_blocks = [&](const char* name, const Shape& shape) {
    for (std::int64_t i = 0; i < s.layers; ++i) add("blocks." + std::to_string(i) + "." + name, shape);
  };
  add("wte", {vocabulary, s.width});
  add("ln_f", {s.width});
  add_blocks("attn_out", {s.width, s.width});
  add("ff_out", {vocabulary, s.width});  // the head
  add_blocks("ff_out", {s.width, s.mlp});
  for (const char* name : {"q_proj", "k_proj", "v_proj"}) add_blocks(name, {s.width, s.width});
  for (const char* name : {"attn_norm", "ff_norm"}) add_blocks(name, {s.width});
  for (const char* name : {"ff_proj", "up_proj"}) add_blocks(name, {s.mlp, s.width});
  return tensors;
}

std::uint64_t bytes_of(const TensorSpec& tensor) {
  return std::uint64_t(tensor.shape.elements()) * size_of(tensor.dtype);
}

/// Cut into kShards files of about the same size.
std::vector<Shard> cut(std::vector<TensorSpec> tensors) {
  const std::uint64_t total = std::accumulate(tensors.begin(), tensors.end(), std::uint64_t{0},
                                              [](std::uint64_t sum, const TensorSpec& t) { return sum + bytes_of(t); });
  std::vector<Shard> shards(kShards);
  std::uint64_t done = 0;
  for (TensorSpec& tensor : tensors) {
    const auto index = std::min<std::uint64_t>(kShards - 1, done * kShards / total);
    done += bytes_of(tensor);
    shards[index].tensors.push_back(std::move(tensor));
  }
  // Of the small scale, where a table alone is larger than a shard.
  std::erase_if(shards, [](const Shard& shard) { return shard.tensors.empty(); });
  for (std::size_t i = 0; i < shards.size(); ++i) {
    char name[80];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, shards.size());
    shards[i].file = name;
  }
  return shards;
}

/// The tensors of one half of MAGVIT-v2.
class Half {
 public:
  Half(std::string prefix, std::vector<TensorSpec>& out) : prefix_(std::move(prefix)), out_(out) {}

  void conv(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel) {
    add(name + ".weight", {out, in, kernel, kernel});
    add(name + ".bias", {out});
  }
  void norm(const std::string& name, std::int64_t channels) {
    add(name + ".weight", {channels});
    add(name + ".bias", {channels});
  }
  void block(const std::string& name, std::int64_t in, std::int64_t out) {
    norm(name + ".norm1", in);
    conv(name + ".conv1", in, out, 3);
    norm(name + ".norm2", out);
    conv(name + ".conv2", out, out, 3);
    if (in != out) conv(name + ".nin_shortcut", in, out, 1);
  }
  void middle(std::int64_t channels) {
    block("mid.block_1", channels, channels);
    norm("mid.attn_1.norm", channels);
    for (const char* name : {"q", "k", "v", "proj_out"}) conv("mid.attn_1." + std::string(name), channels, channels, 1);
    block("mid.block_2", channels, channels);
  }

 private:
  void add(const std::string& name, const Shape& shape) { out_.push_back({prefix_ + name, DType::f32, shape}); }

  std::string prefix_;
  std::vector<TensorSpec>& out_;
};

std::vector<TensorSpec> magvit_tensors(const Sizes& s) {
  constexpr int kLevels = 5;
  constexpr std::int64_t kDown[kLevels] = {1, 2, 2, 4, 4}, kDownBlocks[kLevels] = {4, 3, 4, 3, 4};
  constexpr std::int64_t kUp[kLevels] = {1, 1, 2, 2, 4}, kUpBlocks[kLevels] = {4, 4, 3, 4, 3};
  std::vector<TensorSpec> tensors;
  const std::int64_t base = s.channels, widest = base * kDown[kLevels - 1];

  Half encoder("encoder.", tensors);
  encoder.conv("conv_in", 3, base, 3);
  std::int64_t channels = base;
  for (int level = 0; level < kLevels; ++level) {
    const std::string name = "down." + std::to_string(level);
    for (std::int64_t b = 0; b < kDownBlocks[level]; ++b) {
      encoder.block(name + ".block." + std::to_string(b), channels, base * kDown[level]);
      channels = base * kDown[level];
    }
    if (level + 1 < kLevels) encoder.conv(name + ".downsample.conv", channels, channels, 3);
  }
  encoder.middle(widest);
  encoder.norm("norm_out", widest);
  encoder.conv("conv_out", widest, kCodeBits, 3);
  encoder.conv("quant_conv", kCodeBits, kCodeBits, 1);

  Half decoder("decoder.", tensors);
  decoder.conv("post_quant_conv", kCodeBits, kCodeBits, 1);
  decoder.conv("conv_in", kCodeBits, widest, 3);
  decoder.middle(widest);
  channels = widest;
  for (int level = kLevels - 1; level >= 0; --level) {
    const std::string name = "up." + std::to_string(level);
    for (std::int64_t b = 0; b < kUpBlocks[level]; ++b) {
      decoder.block(name + ".block." + std::to_string(b), channels, base * kUp[level]);
      channels = base * kUp[level];
    }
    if (level > 0) decoder.conv(name + ".upsample.conv", channels, channels, 3);
  }
  decoder.norm("norm_out", base);
  decoder.conv("conv_out", base, 3, 3);

  tensors.push_back({"quantize.embedding", DType::f32, {std::int64_t{1} << kCodeBits, kCodeBits}});
  tensors.push_back({"quantize.power_vals", DType::i64, {kCodeBits}});
  return tensors;
}

constexpr std::int64_t kVqMultipliers[] = {1, 2, 2, 4, 6};
constexpr std::int64_t kVqBlocks = 2, kVqLatents = 64;

/// diffusers' VQModel as aMUSEd configures it.
std::vector<TensorSpec> vqmodel_tensors(const Sizes& s) {
  constexpr int kLevels = 5;
  std::vector<TensorSpec> tensors;
  const auto add = [&](const std::string& name, const Shape& shape) { tensors.push_back({name, DType::f32, shape}); };
  const auto layer = [&](const std::string& name, const Shape& shape) {
    add(name + ".weight", shape);
    add(name + ".bias", {shape[0]});
  };
  const auto block = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    layer(name + ".norm1", {in});
    layer(name + ".conv1", {out, in, 3, 3});
    layer(name + ".norm2", {out});
    layer(name + ".conv2", {out, out, 3, 3});
    if (in != out) layer(name + ".conv_shortcut", {out, in, 1, 1});
  };
  const std::int64_t widest = s.channels * kVqMultipliers[kLevels - 1];
  std::int64_t channels = s.channels;
  layer("encoder.conv_in", {channels, 3, 3, 3});
  for (int level = 0; level < kLevels; ++level) {
    const std::string name = "encoder.down_blocks." + std::to_string(level);
    for (std::int64_t b = 0; b < kVqBlocks; ++b) {
      block(name + ".resnets." + std::to_string(b), channels, s.channels * kVqMultipliers[level]);
      channels = s.channels * kVqMultipliers[level];
    }
    if (level + 1 < kLevels) layer(name + ".downsamplers.0.conv", {channels, channels, 3, 3});
  }
  for (const char* b : {"0", "1"}) block(std::string("encoder.mid_block.resnets.") + b, widest, widest);
  layer("encoder.conv_norm_out", {widest});
  layer("encoder.conv_out", {kVqLatents, widest, 3, 3});
  layer("quant_conv", {kVqLatents, kVqLatents, 1, 1});
  add("quantize.embedding.weight", {std::int64_t{1} << kCodeBits, kVqLatents});
  layer("post_quant_conv", {kVqLatents, kVqLatents, 1, 1});
  layer("decoder.conv_in", {widest, kVqLatents, 3, 3});
  for (const char* b : {"0", "1"}) block(std::string("decoder.mid_block.resnets.") + b, widest, widest);
  channels = widest;
  for (int level = 0; level < kLevels; ++level) {
    const std::string name = "decoder.up_blocks." + std::to_string(level);
    const std::int64_t out = s.channels * kVqMultipliers[kLevels - 1 - level];
    for (std::int64_t b = 0; b <= kVqBlocks; ++b) {
      block(name + ".resnets." + std::to_string(b), channels, out);
      channels = out;
    }
    if (level + 1 < kLevels) layer(name + ".upsamplers.0.conv", {channels, channels, 3, 3});
  }
  layer("decoder.conv_norm_out", {s.channels});
  layer("decoder.conv_out", {3, s.channels, 3, 3});
  return tensors;
}

Json vqmodel_config(const Sizes& s) {
  Json::Array channels, down, up;
  for (const std::int64_t multiplier : kVqMultipliers) {
    channels.push_back(s.channels * multiplier);
    down.push_back("DownEncoderBlock2D");
    up.push_back("UpDecoderBlock2D");
  }
  return Json::object()
      .set("_class_name", "VQModel")
      .set("_diffusers_version", "0.27.0")
      .set("act_fn", "silu")
      .set("block_out_channels", Json(std::move(channels)))
      .set("down_block_types", Json(std::move(down)))
      .set("in_channels", 3)
      .set("latent_channels", kVqLatents)
      .set("layers_per_block", kVqBlocks)
      .set("lookup_from_codebook", true)
      .set("mid_block_add_attention", false)
      .set("norm_num_groups", 32)
      .set("norm_type", "group")
      .set("num_vq_embeddings", std::int64_t{1} << kCodeBits)
      .set("out_channels", 3)
      .set("sample_size", 32)
      .set("scaling_factor", 0.18215)
      .set("up_block_types", Json(std::move(up)))
      .set("vq_embed_dim", kVqLatents);
}

Json transformer_config(Release release, const Sizes& s) {
  const bool pictures = release == Release::mmada;
  const std::int64_t vocabulary = vocabulary_of(release);
  Json config = Json::object();
  config.set("activation_type", "silu").set("alibi", false).set("alibi_bias_max", 8.0);
  const char* const name = release == Release::lumina ? "LLaDAForMultiModalGeneration"
                           : pictures                 ? "MMadaModelLM"
                                                      : "LLaDAModelLM";
  config.set("architectures", Json(Json::Array{name}));
  config.set("attention_dropout", 0.0).set("attention_layer_norm", false);
  config.set("attention_layer_norm_with_affine", true);
  if (!pictures) {
    config.set("auto_map", Json::object()
                               .set("AutoConfig", "configuration_llada.LLaDAConfig")
                               .set("AutoModel", "modeling_llada.LLaDAModelLM")
                               .set("AutoModelForCausalLM", "modeling_llada.LLaDAModelLM"));
  }
  config.set("bias_for_layer_norm", false).set("block_group_size", 1).set("block_type", "llama");
  config.set("d_model", s.width).set("embedding_dropout", 0.0).set("embedding_size", vocabulary);
  config.set("eos_token_id", 126081).set("flash_attention", false).set("include_bias", false);
  config.set("include_qkv_bias", false).set("init_cutoff_factor", Json()).set("init_device", "meta");
  config.set("init_fn", "mitchell").set("init_std", 0.02).set("input_emb_norm", false);
  config.set("layer_norm_type", "rms").set("layer_norm_with_affine", true).set("mask_token_id", 126336);
  config.set("max_sequence_length", 4096).set("mlp_hidden_size", s.mlp).set("mlp_ratio", 4);
  config.set("model_type", pictures ? "mmada" : "llada").set("multi_query_attention", Json());
  config.set("n_heads", s.heads).set("n_kv_heads", s.heads).set("n_layers", s.layers);
  config.set("pad_token_id", 126081).set("precision", "amp_bf16").set("residual_dropout", 0.0);
  config.set("rms_norm_eps", 1e-5).set("rope", true).set("rope_full_precision", true);
  config.set("rope_theta", 500000.0).set("scale_logits", false).set("transformers_version", "4.46.3");
  config.set("use_cache", false).set("vocab_size", vocabulary).set("weight_tying", false);
  if (pictures) {
    config.set("codebook_size", 8192).set("llm_vocab_size", 126464).set("new_vocab_size", vocabulary);
    config.set("num_new_special_tokens", 0).set("num_vq_tokens", 1024).set("tie_word_embeddings", false);
    config.set("w_clip_vit", false);
  }
  return config;
}

}  // namespace

Json config_of(Release release, Scale scale) {
  if (release == Release::vqmodel) return vqmodel_config(sizes_of(scale));
  if (release != Release::magvit) return transformer_config(release, sizes_of(scale));
  return Json::object().set("_class_name", "MAGVITv2").set("_diffusers_version", "0.30.1");
}

std::vector<Shard> shards_of(Release release, Scale scale) {
  const Sizes sizes = sizes_of(scale);
  if (release == Release::magvit) return {{"pytorch_model.safetensors", magvit_tensors(sizes)}};
  if (release == Release::vqmodel) return {{"diffusion_pytorch_model.safetensors", vqmodel_tensors(sizes)}};
  return cut(transformer_tensors(release, sizes));
}

}  // namespace lacuna::fullsize
