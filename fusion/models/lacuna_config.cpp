#include <numeric>
#include <stdexcept>
#include <string>

#include "fusion/models/lacuna_family.h"
#include "runtime/weights/config_reader.h"

namespace lacuna::fusion {
namespace {

using weights::ConfigReader;
using weights::Json;

constexpr std::int64_t kMaxSize = 1 << 20;  // of any axis that a config file may ask for

Json id_range(const IdRange& range) { return Json(Json::Array{range.begin, range.size}); }

IdRange read_range(ConfigReader& c, const char* key) {
  const auto pair = c.integers(key, 0, kMaxSize, 2);
  if (pair.size() != 2) c.fail(key, "expected [first id, number of ids]");
  return {std::int32_t(pair[0]), std::int32_t(pair[1])};
}

const char* name_of(MlpKind kind) {
  return kind == MlpKind::swiglu ? "swiglu" : kind == MlpKind::gelu_tanh ? "gelu_tanh" : "gelu_erf";
}

TransformerConfig read_transformer(ConfigReader& c) {
  TransformerConfig t;
  const auto size = [&](const char* key) { return int(c.integer(key, 1, kMaxSize)); };
  t.vocabulary = size("vocab_size");
  t.width = size("hidden_size");
  t.layers = int(c.integer("num_hidden_layers", 1, 1024));
  t.heads = int(c.integer("num_attention_heads", 1, 1024));
  t.kv_heads = int(c.integer_or("num_key_value_heads", t.heads, 1, 1024));
  t.head_dim = int(c.integer_or("head_dim", t.width / t.heads, 1, 4096));
  t.mlp_width = size("intermediate_size");
  t.norm = c.one_of_or("norm_type", "rms", {"rms", "layer"}) == "rms" ? NormKind::rms : NormKind::layer;
  t.norm_epsilon = float(c.number_or("norm_epsilon", 1e-5, 1e-12, 1.0));
  t.qk_norm = c.boolean_or("qk_norm", false);
  const std::string mlp = c.one_of_or("mlp_type", "swiglu", {"swiglu", "gelu_tanh", "gelu_erf"});
  t.mlp = mlp == "swiglu" ? MlpKind::swiglu : mlp == "gelu_tanh" ? MlpKind::gelu_tanh : MlpKind::gelu_erf;
  t.bias.qkv = c.boolean_or("qkv_bias", false);
  t.bias.attention_out = c.boolean_or("attention_out_bias", false);
  t.bias.mlp = c.boolean_or("mlp_bias", false);
  t.bias.norm = c.boolean_or("norm_bias", false);
  t.rope_theta = float(c.number_or("rope_theta", 10000.0, 1.0, 1e9));
  t.rope_layout = c.one_of_or("rope_layout", "half", {"half", "interleaved"}) == "half"
                      ? graph::RopeLayout::half
                      : graph::RopeLayout::interleaved;
  for (std::int64_t pairs : c.integers("rope_sections", 0, 2048, 8)) t.rope_sections.push_back(int(pairs));
  t.tied_head = c.boolean_or("tie_word_embeddings", false);
  const std::string attention = c.one_of_or("attention", "full", {"full", "causal"});
  t.attention = attention == "causal" ? AttentionKind::causal : AttentionKind::full;
  t.logit_shift = int(c.integer_or("logit_shift", 0, 0, 1));
  t.time = c.boolean_or("time_input", false) ? TimeInput::additive : TimeInput::absent;
  return t;
}

/// What models of words and of words with pictures have alike; `sizes` says width, layers, heads and mlp_width.
TransformerConfig transformer_of(const auto& sizes, int vocabulary) {
  TransformerConfig t;
  t.vocabulary = vocabulary;
  t.width = sizes.width;
  t.layers = sizes.layers;
  t.heads = t.kv_heads = sizes.heads;
  t.head_dim = sizes.width / sizes.heads;
  t.mlp_width = sizes.mlp_width;
  t.qk_norm = true;
  t.tied_head = true;
  return t;
}

}  // namespace

void LacunaConfig::validate() const {
  transformer.validate();
  tokens.validate();
  sizes.validate();
  const auto require = [](bool ok, const char* rule) {
    if (!ok) throw std::invalid_argument(std::string("[lacuna] expected ") + rule);
  };
  require(tokens.size == transformer.vocabulary, "vocab_size to be the size of the token space");
  require(transformer.position_axes() == 3, "rope_sections for 3 position axes (sequence, row, column)");
  require(transformer.logit_shift == 0 || sizes.grid_height == 0, "no logit shift in a model with pictures");
  require((sizes.grid_height == 0) == (tokens.image.size == 0), "image ids and an image grid, or neither");
}

Json LacunaConfig::to_json() const {
  const TransformerConfig& t = transformer;
  Json json = Json::object();
  json.set("model_type", "lacuna")
      .set("vocab_size", t.vocabulary)
      .set("hidden_size", t.width)
      .set("num_hidden_layers", t.layers)
      .set("num_attention_heads", t.heads)
      .set("num_key_value_heads", t.kv_heads)
      .set("head_dim", t.head_dim)
      .set("intermediate_size", t.mlp_width)
      .set("norm_type", t.norm == NormKind::rms ? "rms" : "layer")
      .set("norm_epsilon", double(t.norm_epsilon))
      .set("qk_norm", t.qk_norm)
      .set("mlp_type", name_of(t.mlp))
      .set("qkv_bias", t.bias.qkv)
      .set("attention_out_bias", t.bias.attention_out)
      .set("mlp_bias", t.bias.mlp)
      .set("norm_bias", t.bias.norm)
      .set("rope_theta", double(t.rope_theta))
      .set("rope_layout", t.rope_layout == graph::RopeLayout::half ? "half" : "interleaved")
      .set("rope_sections", Json(Json::Array(t.rope_sections.begin(), t.rope_sections.end())))
      .set("tie_word_embeddings", t.tied_head)
      .set("text_ids", id_range(tokens.text))
      .set("image_ids", id_range(tokens.image))
      .set("mask_token_id", tokens.mask)
      .set("end_of_text_token_id", tokens.end_of_text)
      .set("begin_image_token_id", tokens.begin_image)
      .set("end_image_token_id", tokens.end_image)
      .set("text_length", sizes.text_length)
      .set("image_grid", Json(Json::Array{sizes.grid_height, sizes.grid_width}));
  // What few models have is said only where it is so.
  if (t.attention == AttentionKind::causal) json.set("attention", "causal");
  if (t.logit_shift != 0) json.set("logit_shift", t.logit_shift);
  if (t.time == TimeInput::additive) json.set("time_input", true);
  if (noise == NoiseKind::uniform) json.set("noise", "uniform");
  return json;
}

LacunaConfig LacunaConfig::from_json(const Json& json, const std::filesystem::path& file) {
  ConfigReader c(json, file);
  c.one_of("model_type", {"lacuna"});
  c.ignore({"architectures", "torch_dtype"});
  LacunaConfig config;
  config.transformer = read_transformer(c);
  config.tokens.size = config.transformer.vocabulary;
  config.tokens.text = read_range(c, "text_ids");
  config.tokens.image = read_range(c, "image_ids");
  const auto id = [&](const char* key) {
    return std::int32_t(c.integer(key, 0, config.transformer.vocabulary - 1));
  };
  config.tokens.mask = id("mask_token_id");
  config.tokens.end_of_text = id("end_of_text_token_id");
  config.tokens.begin_image = id("begin_image_token_id");
  config.tokens.end_image = id("end_image_token_id");
  config.sizes.text_length = int(c.integer("text_length", 1, 65536));
  const auto grid = c.integers("image_grid", 0, 4096, 2);
  if (grid.size() != 2) c.fail("image_grid", "expected [rows, columns]");
  config.sizes.grid_height = int(grid[0]);
  config.sizes.grid_width = int(grid[1]);
  if (config.tokens.image.size == 0) config.tokens.text_end = TextEnd::plain;
  config.noise = c.one_of_or("noise", "absorbing", {"absorbing", "uniform"}) == "uniform" ? NoiseKind::uniform
                                                                                         : NoiseKind::absorbing;
  c.finish();
  try {
    config.validate();
  } catch (const std::invalid_argument& error) {
    c.fail("model_type", error.what());
  }
  return config;
}

LacunaConfig make_lacuna_text_config(const LacunaTextSizes& s) {
  LacunaConfig config;
  config.tokens.text = {0, s.vocabulary};
  config.tokens.image = {s.vocabulary, 0};
  config.tokens.mask = s.vocabulary;
  config.tokens.begin_image = config.tokens.end_image = s.vocabulary + 1;
  config.tokens.end_of_text = s.end_of_text;
  config.tokens.text_end = TextEnd::plain;
  config.tokens.size = s.vocabulary + 2;
  config.sizes = {s.length, 0, 0};
  TransformerConfig& t = config.transformer;
  t = transformer_of(s, config.tokens.size);
  t.rope_sections = {t.head_dim / 2, 0, 0};
  t.rope_theta = 1000.0f;
  config.validate();
  return config;
}

LacunaConfig make_lacuna_config(const LacunaSizes& s) {
  LacunaConfig config;
  config.tokens.text = {0, s.text_vocabulary};
  config.tokens.image = {s.text_vocabulary, s.codebook};
  config.tokens.mask = s.text_vocabulary + s.codebook;
  config.tokens.begin_image = config.tokens.mask + 1;
  config.tokens.end_image = config.tokens.mask + 2;
  config.tokens.end_of_text = s.end_of_text;
  config.tokens.size = config.tokens.mask + 3;
  config.sizes = {s.text_length, s.grid, s.grid};
  TransformerConfig& t = config.transformer;
  t = transformer_of(s, config.tokens.size);
  // A quarter of the pairs for the place in the text, the rest shared by row and column.
  const int pairs = t.head_dim / 2;
  const int planar = pairs * 3 / 8;
  t.rope_sections = {pairs - 2 * planar, planar, planar};
  t.rope_theta = 100.0f;  // positions stay below a few hundred
  config.validate();
  return config;
}

}  // namespace lacuna::fusion
