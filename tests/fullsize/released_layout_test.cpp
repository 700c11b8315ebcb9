#include "tools/fullsize/released_layout.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fusion/models/model_registry.h"
#include "tools/fullsize/synthetic_tokenizer.h"
#include "vision/diffusers_vq_config.h"
#include "vision/vq_network.h"

namespace lacuna::fullsize {
namespace {

struct Counted {
  int tensors = 0;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
};

Counted count(Release release, std::string_view prefix = "") {
  Counted counted;
  for (const Shard& shard : shards_of(release, Scale::released)) {
    for (const auto& tensor : shard.tensors) {
      if (!tensor.name.starts_with(prefix)) continue;
      ++counted.tensors;
      counted.parameters += tensor.shape.elements();
      counted.bytes += tensor.shape.elements() * std::int64_t(size_of(tensor.dtype));
    }
  }
  return counted;
}

/// The figures that the releases state or that follow from their code.
TEST(ReleasedLayout, SizesAreThoseOfTheReleases) {
  EXPECT_EQ(count(Release::llada).tensors, 291);
  EXPECT_EQ(count(Release::llada).parameters, 8'015'581'184);
  EXPECT_EQ(count(Release::llada).bytes, 16'031'162'368);
  EXPECT_EQ(count(Release::mmada).parameters, 8'082'690'048);
  EXPECT_EQ(count(Release::mmada).bytes, 16'165'380'096);
  EXPECT_EQ(count(Release::lumina).parameters, 8'081'805'312);
  // As diffusers' own class with these settings.
  EXPECT_EQ(count(Release::vqmodel).tensors, 277);
  EXPECT_EQ(count(Release::vqmodel).parameters, 146'244'675);
  EXPECT_EQ(count(Release::magvit).tensors, 382);
  EXPECT_EQ(count(Release::magvit, "encoder.").tensors, 190);
  EXPECT_EQ(count(Release::magvit, "encoder.").parameters, 55'439'171);
  EXPECT_EQ(count(Release::magvit, "decoder.").tensors, 190);
  EXPECT_EQ(count(Release::magvit, "decoder.").parameters, 39'947'833);
}

TEST(ReleasedLayout, AShardHasAKindOfTensorFromAllLayers) {
  const auto shards = shards_of(Release::llada, Scale::released);
  ASSERT_EQ(shards.size(), 6u);
  EXPECT_EQ(shards[0].file, "model-00001-of-00006.safetensors");
  std::int64_t smallest = INT64_MAX, largest = 0;
  for (const Shard& shard : shards) {
    std::int64_t bytes = 0;
    for (const auto& tensor : shard.tensors) bytes += 2 * tensor.shape.elements();
    smallest = std::min(smallest, bytes);
    largest = std::max(largest, bytes);
  }
  EXPECT_LT(largest, 2 * smallest);
  std::set<std::string> first;
  for (const auto& tensor : shards[0].tensors) first.insert(tensor.name);
  EXPECT_TRUE(first.contains("model.transformer.wte.weight"));
  EXPECT_TRUE(first.contains("model.transformer.ln_f.weight"));
  for (int i = 0; i < 32; ++i) {
    EXPECT_TRUE(first.contains("model.transformer.blocks." + std::to_string(i) + ".attn_out.weight"));
  }
}

/// What the family asks for is what the release has, name by name and shape by shape.
TEST(ReleasedLayout, FamiliesReadEveryTensorOfTheDenoiser) {
  for (const Release release : {Release::llada, Release::mmada, Release::lumina}) {
    const std::string tokenizer = synthetic_tokenizer(release == Release::lumina ? Words::lumina : Words::llada);
    const auto names = fusion::token_names(weights::Json::parse(tokenizer, {64 << 20, 64, 1'000'000}), "tokenizer.json");
    for (const Scale scale : {Scale::released, Scale::small}) {
      std::map<std::string, std::string> stored;
      for (const Shard& shard : shards_of(release, scale)) {
        for (const auto& tensor : shard.tensors) stored[tensor.name] = tensor.shape.to_string();
      }
      const auto family = fusion::open_model_family(config_of(release, scale), "config.json", &names);
      fusion::DenoiserShape shape{{1}, {1, false}, {}, fusion::DenoiserHead::logits};
      if (release != Release::llada) shape.image = {1, false};
      std::map<std::string, std::string> read;
      for (const auto& weight : family->build(shape).weights()) read[weight.name] = weight.shape.to_string();
      EXPECT_EQ(read, stored);
      if (release != Release::llada) {
        EXPECT_EQ(family->tokens().image.begin, release == Release::mmada ? 126349 : 126356);
        EXPECT_EQ(family->tokens().image.size, 8192);
      }
    }
  }
}

TEST(ReleasedLayout, TheVqModelIsReadWhole) {
  for (const Scale scale : {Scale::released, Scale::small}) {
    std::map<std::string, std::string> stored, read;
    const std::vector<Shard> shards = shards_of(Release::vqmodel, scale);
    for (const auto& tensor : shards.front().tensors) stored[tensor.name] = tensor.shape.to_string();
    const auto config = vision::diffusers_vq_config(config_of(Release::vqmodel, scale), "config.json");
    for (const auto& graph : {vision::build_vq_tokeniser(config, {1, 1, 1}), vision::build_vq_detokeniser(config, {1, 1, 1})}) {
      for (const auto& weight : graph.weights()) read[weight.name] = weight.shape.to_string();
    }
    EXPECT_EQ(read, stored);
  }
}

}  // namespace
}  // namespace lacuna::fullsize
