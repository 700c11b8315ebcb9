#include "tests/support/tiny_model.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <numbers>
#include <span>
#include <string_view>

#include "fusion/graph/philox.h"
#include "fusion/models/model_family.h"
#include "fusion/training/shards/piece_table.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint_writer.h"
#include "runtime/weights/json_file.h"
#include "text/sentencepiece_tokenizer.h"
#include "text/sentencepiece_trainer.h"
#include "vision/vq_network.h"

namespace lacuna::testing_support {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModelCard = R"(---
license: apache-2.0
---
# Tiny

Random weights: this model knows nothing and exists for tests.
)";

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 1469598103934665603u;  // FNV-1a
  for (const char c : text) hash = (hash ^ std::uint8_t(c)) * 1099511628211u;
  return hash;
}

/// Norms near 1, biases near 0, matrices scaled by their fan-in, so that signals keep their size.
std::vector<float> random_weight(const graph::NamedShape& weight, std::uint64_t seed) {
  const auto& shape = weight.shape;
  const bool is_vector = shape.rank() < 2;
  const bool is_norm = is_vector && weight.name.ends_with("weight");
  double deviation = 0.1;
  if (!is_vector) {
    deviation = 1.0 / std::sqrt(double(shape.elements()) / double(shape[0]));
    if (weight.name.find("embed") != std::string::npos) deviation = 1.0;
  }
  std::vector<float> values(std::size_t(shape.elements()));
  const std::uint64_t key = seed ^ hash_of(weight.name);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto uniform = [&](std::uint32_t which) {
      return graph::uniform_at(key, graph::RandomStream::data, which, std::uint32_t(i));
    };
    const double normal =
        std::sqrt(-2.0 * std::log(uniform(0))) * std::cos(2.0 * std::numbers::pi * uniform(1));
    values[i] = float((is_norm ? 1.0 : 0.0) + deviation * normal);
  }
  return values;
}

void write_weights(const fs::path& folder, std::span<const graph::NamedShape> manifest,
                   std::uint64_t seed) {
  std::map<std::string, std::vector<float>> values;
  std::vector<weights::TensorData> tensors;
  for (const auto& weight : manifest) {
    const auto [at, is_new] = values.try_emplace(weight.name);
    if (!is_new) continue;
    at->second = random_weight(weight, seed);
    tensors.push_back(
        {weight.name, graph::DType::f32, weight.shape, std::as_bytes(std::span(at->second))});
  }
  weights::write_checkpoint(folder, tensors);
}

}  // namespace

std::vector<std::string> tiny_captions() {
  std::vector<std::string> captions;
  for (const char* style : {"3d emoji", "flat emoji", "line icon", "pixel art"}) {
    for (const char* thing :
         {"goat", "red apple", "house", "tree", "clock", "blue fish", "star", "cat", "rocket"}) {
      captions.push_back(std::string(style) + ": " + thing);
      captions.push_back("a " + std::string(thing) + " on a red ground");
    }
  }
  return captions;
}

fusion::LacunaConfig tiny_config(const TinyModel& model, int text_vocabulary) {
  fusion::LacunaSizes sizes;
  sizes.text_vocabulary = text_vocabulary;
  sizes.codebook = model.codebook;
  sizes.end_of_text = 0;
  sizes.text_length = model.text_length;
  sizes.grid = model.grid;
  sizes.width = model.width;
  sizes.layers = model.layers;
  sizes.heads = model.heads;
  sizes.mlp_width = 2 * model.width;
  return fusion::make_lacuna_config(sizes);
}

vision::VqConfig tiny_vq_config(const TinyModel& model) {
  vision::VqConfig config;
  config.channels = 8;
  config.encoder = {{1, 1, 2}, {1, 1, 1}};
  config.decoder = {{1, 1, 2}, {1, 1, 1}};
  config.mid_attention = false;
  config.latent_channels = 4;
  config.codebook_size = model.codebook;
  config.norm_groups = 4;
  return config;
}

void write_tiny_model(const fs::path& folder, const TinyModel& model) {
  fs::create_directories(folder / "image_tokenizer");
  text::SentencePieceTrainingOptions training;
  training.vocab_size = 296;
  const std::vector<std::string> captions = tiny_captions();
  text::train_sentencepiece(training, captions, folder / "tokenizer.model");
  const int vocabulary = text::SentencePieceTokenizer::open(folder / "tokenizer.model").size();

  const fusion::LacunaConfig config = tiny_config(model, vocabulary);
  weights::write_json_file(folder / "config.json", config.to_json());
  const auto family = fusion::make_lacuna_family(config);
  const fusion::DenoiserShape smallest{{1}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
  write_weights(folder, family->build(smallest).weights(), model.seed);

  const vision::VqConfig vq = tiny_vq_config(model);
  weights::write_json_file(folder / "image_tokenizer" / "config.json", vq.to_json());
  std::vector<graph::NamedShape> manifest = vision::build_vq_tokeniser(vq, {1, 1, 1}).weights();
  for (auto& weight : vision::build_vq_detokeniser(vq, {1, 1, 1}).weights())
    manifest.push_back(weight);
  write_weights(folder / "image_tokenizer", manifest, model.seed + 1);

  weights::write_file_atomic(folder / "README.md", kModelCard);
  weights::write_file_atomic(folder / "labels.txt", std::string_view("goat\nred apple\nhouse\n"));
}

void write_tiny_text_model(const fs::path& folder, const TinyTextModel& model) {
  std::vector<std::string> pieces;
  for (int i = 0; i < model.letters; ++i) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", unsigned('a' + i));
    pieces.emplace_back(piece);
  }
  pieces.emplace_back("</s>");
  write_tiny_text_model(folder, model, pieces, model.letters);
}

void write_tiny_text_model(const fs::path& folder, const TinyTextModel& model, const std::vector<std::string>& pieces,
                           int end_of_text) {
  fs::create_directories(folder);
  fusion::LacunaTextSizes sizes;
  sizes.vocabulary = int(pieces.size());
  sizes.end_of_text = end_of_text;
  sizes.length = model.length;
  sizes.width = model.width;
  sizes.layers = 2;
  sizes.heads = 2;
  sizes.mlp_width = 2 * model.width;
  fusion::LacunaConfig config = fusion::make_lacuna_text_config(sizes);
  if (model.autoregressive) {
    config.transformer.attention = fusion::AttentionKind::causal;
    config.transformer.logit_shift = 1;
  }
  weights::write_json_file(folder / "config.json", config.to_json());
  const fusion::DenoiserShape smallest{{1}, {1, false}, {}, fusion::DenoiserHead::logits};
  write_weights(folder, fusion::make_lacuna_family(config)->build(smallest).weights(), model.seed);
  training::write_piece_table(folder, {pieces, {end_of_text}});
}

}  // namespace lacuna::testing_support
