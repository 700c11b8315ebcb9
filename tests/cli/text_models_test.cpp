#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "fusion/models/lacuna_family.h"
#include "runtime/samplers/sampler_registry.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_writer.h"
#include "runtime/weights/json_file.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

namespace fs = std::filesystem;
using weights::Json;

constexpr int kPieces = 99;  // of the fixtures' 100 words; the last is <|endoftext|>

fs::path released(const char* name) { return fs::path(LACUNA_SOURCE_DIR) / "tests/golden/fixtures/models" / name; }

/// In the form of GPT-2's: printable characters, the space among them, and <|endoftext|>.
std::string write_tokenizer(const fs::path& path) {
  Json pieces = Json::object();
  const std::string space = "\xC4\xA0";
  for (int i = 0; i < kPieces; ++i) {
    const std::string piece = i == 0 ? space : i <= 94 ? std::string(1, char('!' + i - 1)) : "";
    if (!piece.empty()) pieces.set(piece, i);
  }
  const char* joined[] = {"th", "he", "in", "er"};
  Json merges = Json::array();
  for (int i = 95; i < kPieces; ++i) {
    const std::string word = joined[i - 95];
    pieces.set(word, i);
    merges.push_back(word.substr(0, 1) + " " + word.substr(1));
  }
  const Json byte_level = Json::object().set("type", "ByteLevel").set("add_prefix_space", false).set("use_regex", true);
  pieces.set("<|endoftext|>", kPieces);
  Json added = Json::array();
  added.push_back(Json::object().set("id", kPieces).set("content", "<|endoftext|>").set("special", true));
  weights::write_json_file(path, Json::object()
                                     .set("added_tokens", std::move(added))
                                     .set("pre_tokenizer", byte_level)
                                     .set("decoder", byte_level)
                                     .set("model", Json::object().set("vocab", std::move(pieces)).set("merges", std::move(merges))));
  return path.string();
}

std::vector<std::int64_t> tokens_of(const RunResult& result) {
  std::vector<std::int64_t> tokens;
  if (result.code != 0) return tokens;
  const Json answer = Json::parse(result.out);  // outlives the reference into it
  for (const Json& id : answer.at("tokens").as_array()) tokens.push_back(id.as_integer());
  return tokens;
}

class TextModels : public Cli {
 protected:
  std::string tokenizer = write_tokenizer(file("gpt.json"));

  RunResult complete(const std::string& model, const std::string& prompt, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"complete", "-m", model, "-p", prompt, "--length", "12", "--seed", "5", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  void expect_words(const RunResult& result) const {
    ASSERT_EQ(result.code, 0) << result.err;
    const auto tokens = tokens_of(result);
    EXPECT_EQ(tokens.size(), 12u);
    for (const std::int64_t id : tokens) EXPECT_TRUE(id >= 0 && id <= kPieces) << id;
  }
};

TEST_F(TextModels, ReleasedFoldersAreImportedDescribedAndSampledFrom) {
  for (const char* name : {"mdlm", "bd3lm", "sedd", "sedd_uniform"}) {
    SCOPED_TRACE(name);
    const std::string model = file(name);
    const auto imported = run({"import", released(name).string(), "--tokenizer", tokenizer, "-o", model, "--json"});
    ASSERT_EQ(imported.code, 0) << imported.err;
    const Json about = Json::parse(run({"info", model, "--json"}).out);
    EXPECT_EQ(about.at("architecture").as_string(), std::string(name).substr(0, std::string(name).find('_')));
    EXPECT_EQ(about.at("vocabulary").at("mask_id").as_integer(), 100);
    EXPECT_EQ(about.at("vocabulary").at("end_of_text_id").as_integer(), 99);
    for (const char* prompt : {"", "the other"}) expect_words(complete(model, prompt));
    // Drawn, not the same whatever the seed.
    EXPECT_NE(tokens_of(complete(model, "")), tokens_of(complete(model, "", {"--seed", "6"})));
  }
}

TEST_F(TextModels, EverySamplerWritesWithMdlm) {
  const std::string model = file("mdlm");
  ASSERT_EQ(run({"import", released("mdlm").string(), "--tokenizer", tokenizer, "-o", model, "--type", "f32", "--keep-type",
                 "f32"}).code, 0);
  for (const auto& entry : samplers::sampler_registry()) {
    SCOPED_TRACE(entry.name);
    expect_words(complete(model, "the", {"--sampler", std::string(entry.name), "--steps", "12"}));
  }
  // The released folder itself, with another tokenizer than its own, says the same.
  const std::vector<std::string> same{"--tokenizer", tokenizer, "--precision", "f32"};
  EXPECT_EQ(tokens_of(complete(model, "the", {"--precision", "f32"})), tokens_of(complete(released("mdlm").string(), "the", same)));
}

TEST_F(TextModels, NamesWithoutThePrefixAreTheSameModel) {
  const auto checkpoint = weights::Checkpoint::open(released("mdlm"));
  std::vector<std::string> names;
  std::vector<weights::TensorData> tensors;
  for (const std::string& name : checkpoint.names()) names.push_back(name.substr(std::string("backbone.").size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto* view = checkpoint.find(checkpoint.names()[i]);
    tensors.push_back({names[i], view->dtype, view->shape, view->bytes});
  }
  weights::write_checkpoint(file("bare"), tensors);
  fs::copy_file(released("mdlm") / "config.json", file("bare") + "/config.json");
  std::vector<std::vector<std::int64_t>> written;
  for (const std::string& from : {file("bare"), released("mdlm").string()}) {
    const std::string to = file("from" + std::to_string(written.size()));
    ASSERT_EQ(run({"import", from, "--tokenizer", tokenizer, "-o", to}).code, 0);
    written.push_back(tokens_of(complete(to, "then")));
  }
  EXPECT_EQ(written[0].size(), 12u);
  EXPECT_EQ(written[0], written[1]);
}

TEST_F(TextModels, WhatIsMissingOrMeansNothingIsSaid) {
  const std::string mdlm = released("mdlm").string(), uniform = released("sedd_uniform").string();
  expect_failure(complete(mdlm, "the"), 66, "--tokenizer");
  expect_failure(run({"import", mdlm, "-o", file("out")}), 66, "--tokenizer");
  EXPECT_NE(run({"info", mdlm}).out.find("--tokenizer"), std::string::npos);
  expect_failure(complete(uniform, "the", {"--tokenizer", tokenizer, "--sampler", "llada"}), 64, "uniform noise");
  expect_failure(complete(uniform, "the", {"--tokenizer", tokenizer, "--block-length", "4"}), 64, "uniform noise");
  expect_failure(complete(uniform, "the", {"--tokenizer", tokenizer, "--top-k", "4"}), 64, "top-k");
  expect_failure(complete(uniform, "the", {"--tokenizer", tokenizer, "--temp", "0.5"}), 64, "scores");
  expect_failure(run({"generate", "-m", file("none"), "-p", "x"}), 66, "none");
}

/// A folder as lacuna-train leaves it after a plain text file.
std::string write_trained(const fs::path& folder, fusion::NoiseKind noise, fusion::AttentionKind attention) {
  fusion::LacunaTextSizes sizes;
  sizes.vocabulary = 27;
  sizes.end_of_text = 26;
  sizes.length = 16;
  sizes.width = 32;
  sizes.layers = 1;
  sizes.mlp_width = 48;
  fusion::LacunaConfig config = fusion::make_lacuna_text_config(sizes);
  config.noise = noise;
  config.transformer.attention = attention;
  config.transformer.logit_shift = attention == fusion::AttentionKind::causal ? 1 : 0;
  fs::create_directories(folder);
  weights::write_json_file(folder / "config.json", config.to_json());
  Json pieces = Json::array();
  for (int byte = 'a'; byte <= 'z'; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", unsigned(byte));
    pieces.push_back(piece);
  }
  pieces.push_back("</s>");
  weights::write_json_file(folder / "pieces.json",
                           Json::object().set("pieces", std::move(pieces)).set("controls", Json::array().push_back(26)));
  const fusion::DenoiserShape smallest{{1}, {1, false}, {}, fusion::DenoiserHead::logits};
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> values;
  std::vector<weights::TensorData> tensors;
  const auto shapes = fusion::make_lacuna_family(config)->build(smallest).weights();
  values.reserve(shapes.size());
  for (const auto& weight : shapes) {
    auto& v = values.emplace_back(std::size_t(weight.shape.elements()));
    for (float& x : v) x = weight.shape.rank() == 1 ? 1.0f : 0.3f * normal(random);
    tensors.push_back({weight.name, graph::DType::f32, weight.shape, std::as_bytes(std::span(v))});
  }
  weights::write_checkpoint(folder, tensors);
  return folder.string();
}

TEST_F(TextModels, WhatWasTrainedOnAPlainTextFileWritesWithoutATokenizer) {
  using fusion::AttentionKind;
  using fusion::NoiseKind;
  const std::string masked = write_trained(file("masked"), NoiseKind::absorbing, AttentionKind::full);
  const std::string causal = write_trained(file("causal"), NoiseKind::absorbing, AttentionKind::causal);
  const std::string uniform = write_trained(file("uniform"), NoiseKind::uniform, AttentionKind::full);
  for (const std::string& model : {masked, causal, uniform}) {
    SCOPED_TRACE(model);
    const auto drawn = complete(model, "abc");
    ASSERT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_EQ(tokens_of(drawn).size(), 12u);
    EXPECT_EQ(tokens_of(drawn), tokens_of(complete(model, "abc")));
    EXPECT_LT(Json::parse(drawn.out).at("log_prob").as_number(), 0.0);
    const Json about = Json::parse(run({"info", model, "--json"}).out);
    EXPECT_EQ(about.at("tokenizer").as_string(), "bytes");
    EXPECT_EQ(about.at("transformer").find("noise") != nullptr, model == uniform);
  }
  // Other words before the gap, another text behind: what is given counts, and gaps may lie anywhere.
  EXPECT_NE(tokens_of(complete(uniform, "abc")), tokens_of(complete(uniform, "zzzzzzzz")));
  EXPECT_EQ(complete(uniform, "ab[MASK:3]cd", {"--temp", "0", "--steps", "3"}).code, 0);
  expect_failure(complete(masked, "ABC"), 64, "0x41");

  // Pieces of another kind need their tokenizer.
  fs::remove(fs::path(masked) / "pieces.json");
  expect_failure(complete(masked, "abc"), 66, "--tokenizer");
  weights::write_json_file(fs::path(masked) / "pieces.json",
                           Json::object().set("pieces", Json::array().push_back("the")).set("controls", Json::array()));
  expect_failure(complete(masked, "abc"), 65, "--tokenizer");
  EXPECT_EQ(tokens_of(complete(masked, "abc", {"--tokenizer", causal})).size(), 12u);
}

}  // namespace
}  // namespace lacuna::test
