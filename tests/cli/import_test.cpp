#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "fusion/models/model_registry.h"
#include "runtime/generation/model_config.h"
#include "runtime/weights/checkpoint_writer.h"
#include "runtime/weights/json_file.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

namespace fs = std::filesystem;
using weights::Json;

fs::path released(const char* name) { return fs::path(LACUNA_SOURCE_DIR) / "tests/golden/fixtures/models" / name; }

/// Random weights for every tensor that the family of `config` needs.
void write_random_weights(const fs::path& folder, const Json& config, const fs::path& tokenizer) {
  weights::write_json_file(folder / "config.json", config);
  const auto names = fusion::token_names(weights::read_json_file(tokenizer), tokenizer);
  const auto family =
      fusion::open_model_family(generation::read_model_config(folder / "config.json"), folder / "config.json", &names);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> values;
  std::vector<weights::TensorData> tensors;
  const fusion::DenoiserShape smallest{{1}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
  for (const auto& weight : family->build(smallest).weights()) {
    auto& v = values.emplace_back(std::size_t(weight.shape.elements()));
    for (float& x : v) x = weight.shape.rank() == 1 ? 1.0f : 0.2f * normal(random);
    tensors.push_back({weight.name, graph::DType::f32, weight.shape, std::as_bytes(std::span(v))});
  }
  weights::write_checkpoint(folder, tensors);
}

/// A released MMaDA folder with random weights that goes with the image tokenizer of the fixtures: 8192 codes.
fs::path write_mmada(const fs::path& folder) {
  fs::create_directories(folder);
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
    fs::copy_file(released("mmada_gqa") / file, folder / file);
  }
  Json config = weights::read_json_file(released("mmada_gqa") / "config.json");
  config.set("vocab_size", 8781).set("embedding_size", 8781).set("new_vocab_size", 8781).set("codebook_size", 8192);
  config.set("d_model", 64).set("n_heads", 4).set("n_kv_heads", 4).set("mlp_hidden_size", 96).set("n_layers", 2);
  write_random_weights(folder, config, folder / "tokenizer.json");
  return folder;
}

/// The same of Show-o, whose tokenizer lies elsewhere.
fs::path write_showo(const fs::path& folder) {
  fs::create_directories(folder / "phi");
  fs::copy_file(released("showo_tiny") / "phi/config.json", folder / "phi/config.json");
  Json config = weights::read_json_file(released("showo_tiny") / "config.json");
  config.set("vocab_size", 8792).set("mask_token_id", 8791).set("codebook_size", 8192);
  write_random_weights(folder, config, released("mmada_gqa") / "tokenizer.json");
  return folder;
}

TEST_F(Cli, AnImportedMmadaCaptionsDrawsFillsAndAnswers) {
  const fs::path source = write_mmada(file("released"));
  const std::string model = file("model");
  const auto imported = run({"import", source.string(), "--image-tokenizer", released("magvit_groups32").string(), "-o",
                             model, "--type", "q8_0", "--text-length", "16", "--json"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  const Json report = Json::parse(imported.out);
  EXPECT_EQ(report.at("family").as_string(), "mmada");
  EXPECT_GT(report.at("worst_relative_error").as_number(), 0.0);
  EXPECT_LT(report.at("worst_relative_error").as_number(), 0.02);

  const Json about = Json::parse(run({"info", model, "--json"}).out);
  EXPECT_EQ(about.at("architecture").as_string(), "mmada");
  EXPECT_EQ(about.at("image_tokenizer").at("codebook").as_integer(), 8192);
  EXPECT_GT(about.at("memory_needed").at("generate_bytes").as_integer(), 0);

  const std::string picture = put_picture("in.png", {64, 80});
  const auto caption = run({"caption", picture, "-m", model, "--answer-length", "6", "--steps", "3", "--json"});
  ASSERT_EQ(caption.code, 0) << caption.err;
  EXPECT_EQ(Json::parse(caption.out).at("steps").as_integer(), 3);

  const auto drawn = run({"generate", "-p", "a red fox", "-m", model, "--steps", "3", "--seed", "4", "-o", "a.png"});
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_EQ(vision::read_image(file("a.png")).image.size(), (vision::Size{64, 64}));
  const auto compat = run({"generate", "-p", "a red fox", "-m", model, "--steps", "3", "--seed", "4", "--compat", "-o", "b.png"});
  ASSERT_EQ(compat.code, 0) << compat.err;
  const auto right = vision::read_image(file("a.png")), wrong = vision::read_image(file("b.png"));
  EXPECT_FALSE(std::ranges::equal(right.image.bytes(), wrong.image.bytes()));

  const std::string square = put_picture("square.png", {64, 64}), mask = put_mask("mask.png", {64, 64}, 0, 20);
  const auto filled = run({"infill", "-i", square, "--mask", mask, "-p", "a red fox", "-m", model, "--steps", "3",
                           "--seed", "4", "-o", "filled.png"});
  ASSERT_EQ(filled.code, 0) << filled.err;

  const auto answer = run({"chat", "-p", "hello", "-m", model, "--length", "6", "--steps", "3", "--json"});
  ASSERT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(Json::parse(answer.out).at("tokens").size(), 6u);
  EXPECT_EQ(run({"import", source.string(), "--image-tokenizer", released("magvit_groups32").string(), "-o", model}).code,
            74);
}

/// The release of Lumina-DiMOO: LLaDA's model_type, a config.json that counts too few ids, the image tokenizer beside it.
fs::path write_lumina(const fs::path& folder, int codebook) {
  fs::create_directories(folder / "vqvae");
  for (const char* file : {"tokenizer.json", "model.safetensors"}) {
    fs::copy_file(released("lumina_tiny") / file, folder / file);
  }
  Json config = weights::read_json_file(released("lumina_tiny") / "config.json");
  config.set("vocab_size", 592).set("embedding_size", 592).set("codebook_size", codebook);
  weights::write_json_file(folder / "config.json", config);
  for (const char* file : {"config.json", "diffusion_pytorch_model.safetensors"}) {
    fs::copy_file(released("vqmodel_tiny") / file, folder / "vqvae" / file);
  }
  return folder;
}

TEST_F(Cli, AnImportedLuminaCaptionsDrawsFillsAndAnswers) {
  const fs::path source = write_lumina(file("released"), 64);
  const std::string model = file("model");
  const auto imported = run({"import", source.string(), "-o", model, "--type", "q8_0", "--grid", "3x5", "--json"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(Json::parse(imported.out).at("family").as_string(), "lumina_dimoo");
  EXPECT_TRUE(fs::exists(fs::path(model) / "image_tokenizer" / "config.json"));
  const Json about = Json::parse(run({"info", model, "--json"}).out);
  EXPECT_EQ(about.at("architecture").as_string(), "lumina_dimoo");
  EXPECT_EQ(about.at("image_tokenizer").at("codebook").as_integer(), 64);
  EXPECT_EQ(about.at("picture").as_string(), "80x48 pixels, 5x3 codes");

  const std::string picture = put_picture("in.png", {64, 80});
  const auto caption = run({"caption", picture, "-m", model, "--question", "what is it?", "--answer-length", "6", "--steps",
                            "3", "--json"});
  ASSERT_EQ(caption.code, 0) << caption.err;
  EXPECT_EQ(Json::parse(caption.out).at("tokens").size(), 6u);
  for (const char* compat : {"", "--compat"}) {
    std::vector<std::string> flags{"generate", "-p", "a red fox", "-m", model, "--steps", "3", "--seed", "4", "-o",
                                   compat == std::string("") ? "a.png" : "b.png", "--json"};
    if (*compat) flags.push_back(compat);
    const auto drawn = run(flags);
    ASSERT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_EQ(Json::parse(drawn.out).at("tokens").size(), 15u);
  }
  // Its order does not cool in the original either, so there is no fault to be had.
  const auto right = vision::read_image(file("a.png")), compat = vision::read_image(file("b.png"));
  EXPECT_EQ(right.image.size(), (vision::Size{48, 80}));
  EXPECT_TRUE(std::ranges::equal(right.image.bytes(), compat.image.bytes()));
  for (const char* sampler : {"halton", "locality", "confidence"}) {
    const auto drawn = run({"generate", "-p", "a red fox", "-m", model, "--steps", "3", "--sampler", sampler, "-o", "c.png"});
    EXPECT_EQ(drawn.code, 0) << sampler << ": " << drawn.err;
  }

  const std::string whole = put_picture("whole.png", {48, 80}), mask = put_mask("mask.png", {48, 80}, 0, 20);
  const auto filled = run({"infill", "-i", whole, "--mask", mask, "-p", "a red fox", "-m", model, "--steps", "3", "--seed",
                           "4", "-o", "filled.png"});
  ASSERT_EQ(filled.code, 0) << filled.err;
  for (const char* verb : {"chat", "complete"}) {
    const auto answer = run({verb, "-p", "hello", "-m", model, "--length", "6", "--steps", "3", "--json"});
    ASSERT_EQ(answer.code, 0) << answer.err;
    EXPECT_EQ(Json::parse(answer.out).at("tokens").size(), 6u);
  }
  // What is demanded of an answer leaves the question and the picture where they are.
  const auto told = run({"caption", whole, "-m", model, "--steps", "3", "--require", "fox", "--length", "9", "--json"});
  ASSERT_EQ(told.code, 0) << told.err;
  EXPECT_NE(told.out.find("fox"), std::string::npos) << told.out;
  const auto smaller = run({"quantize", model, "-o", file("smaller"), "--json"});
  EXPECT_EQ(smaller.code, 0) << smaller.err;
}

TEST_F(Cli, LuminasPartsMustFit) {
  const fs::path source = write_lumina(file("released"), 32);
  expect_failure(run({"import", source.string(), "-o", file("a")}), 65, "codebook has 64 codes");
  expect_failure(run({"import", source.string(), "-o", file("a"), "--grid", "3x"}), 64, "--grid");
  expect_failure(run({"import", source.string(), "-o", file("a"), "--grid", "0"}), 64, "--grid");
  fs::remove_all(source / "vqvae");
  expect_failure(run({"import", source.string(), "-o", file("a")}), 65, "vqvae");
}

TEST_F(Cli, AnImportedShowoDrawsFillsAndAnswers) {
  const fs::path source = write_showo(file("released"));
  const std::string images = released("magvit_groups32").string(), model = file("model");
  const std::string tokenizer = (released("mmada_gqa") / "tokenizer.json").string();
  expect_failure(run({"import", source.string(), "--image-tokenizer", images, "-o", model}), 66, "tokenizer.json");
  const auto imported = run({"import", source.string(), "--image-tokenizer", images, "--tokenizer", tokenizer, "-o", model,
                             "--type", "f32", "--keep-type", "f32", "--text-length", "16", "--json"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(Json::parse(imported.out).at("family").as_string(), "showo");
  const auto about = run({"info", model, "--json"});
  ASSERT_EQ(about.code, 0) << about.err;
  EXPECT_EQ(Json::parse(about.out).at("architecture").as_string(), "showo");

  const auto drawn = run({"generate", "-p", "a red fox", "-m", model, "--steps", "3", "--seed", "4", "-o", "a.png"});
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_EQ(vision::read_image(file("a.png")).image.size(), (vision::Size{64, 64}));
  const std::string square = put_picture("square.png", {64, 64}), mask = put_mask("mask.png", {64, 64}, 0, 20);
  const auto filled = run({"infill", "-i", square, "--mask", mask, "-p", "a red fox", "-m", model, "--steps", "3",
                           "--seed", "4", "-o", "filled.png"});
  ASSERT_EQ(filled.code, 0) << filled.err;
  expect_failure(run({"infill", "-i", square, "--text", "a [MASK] fox", "-m", model}), 64, "left to right");

  // One pass for each word without being asked; a longer answer starts with the shorter one.
  const std::string picture = put_picture("in.png", {64, 80});
  std::vector<std::vector<std::int64_t>> answers;
  for (const char* length : {"3", "7"}) {
    const auto caption = run({"caption", picture, "-m", model, "--question", "what is this?", "--answer-length", length, "--json"});
    ASSERT_EQ(caption.code, 0) << caption.err;
    const Json answer = Json::parse(caption.out);
    EXPECT_EQ(answer.at("steps").as_integer(), std::stoi(length));
    auto& tokens = answers.emplace_back();
    for (const Json& token : answer.at("tokens").as_array()) {
      tokens.push_back(token.is_integer() ? token.as_integer() : token.at("id").as_integer());
    }
    ASSERT_LE(tokens.size(), std::size_t(std::stoi(length)));  // an end of text is not listed
    ASSERT_GT(tokens.size(), 0u);
  }
  answers[1].resize(std::min(answers[1].size(), answers[0].size()));
  EXPECT_EQ(answers[0], answers[1]);
  const auto compat = run({"caption", picture, "-m", model, "--answer-length", "5", "--compat"});
  EXPECT_EQ(compat.code, 0) << compat.err;
  for (const char* verb : {"chat", "complete"}) {
    const auto answer = run({verb, "-p", "hello", "-m", model, "--length", "6", "--json"});
    ASSERT_EQ(answer.code, 0) << answer.err;
    EXPECT_EQ(Json::parse(answer.out).at("tokens").size(), 6u);
  }
  const auto smaller = run({"quantize", model, "-o", file("smaller"), "--json"});
  ASSERT_EQ(smaller.code, 0) << smaller.err;
}

TEST_F(Cli, AnImportedLladaContinuesTexts) {
  const std::string model = file("llada");
  const auto imported = run({"import", released("llada_mha").string(), "-o", model, "--type", "f32", "--keep-type", "f32"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.out, model + "\n");
  const Json about = Json::parse(run({"info", model, "--json"}).out);
  EXPECT_GT(about.at("memory_needed").at("write_bytes").as_integer(), 0);
  EXPECT_FALSE(about.find("image_tokenizer"));
  const auto smaller = run({"quantize", model, "-o", file("smaller"), "--json"});
  ASSERT_EQ(smaller.code, 0) << smaller.err;
  EXPECT_GT(Json::parse(smaller.out).at("comparison").at("divergence").as_number(), 0.0);
  for (const char* verb : {"complete", "chat"}) {
    const auto text = run({verb, "-p", "hello world", "-m", model, "--length", "10", "--steps", "7", "--block-length", "4", "--json"});
    ASSERT_EQ(text.code, 0) << text.err;
    // The released folder itself opens as well and says the same.
    const auto again = run({verb, "-p", "hello world", "-m", released("llada_mha").string(), "--length", "10", "--steps", "7",
                            "--block-length", "4", "--json"});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(Json::parse(text.out).at("tokens"), Json::parse(again.out).at("tokens"));
    // The memory that is reported is that of the answer which is asked for.
    std::vector<double> needed;
    for (const char* length : {"10", "400"}) {
      const auto dry = run({verb, "-p", "hello world", "-m", model, "--length", length, "--dry-run"});
      ASSERT_EQ(dry.code, 0) << dry.err;
      const std::size_t at = dry.out.find("working ");
      ASSERT_NE(at, std::string::npos) << dry.out;
      needed.push_back(std::stod(dry.out.substr(at + 8)) * (dry.out.find("KiB", at) < dry.out.find("MiB", at) ? 1 : 1024));
    }
    EXPECT_GT(needed[1], 8 * needed[0]);
  }
  expect_failure(run({"generate", "-p", "a fox", "-m", model, "-o", "x.png"}), 64, "words alone");
}

TEST_F(Cli, ImportsThatCannotBeAreRefused) {
  const std::string mmada = released("mmada_gqa").string(), images = released("magvit_groups32").string();
  expect_failure(run({"import", mmada, "--image-tokenizer", images, "-o", file("a")}), 65, "8192");
  expect_failure(run({"import", mmada, "-o", file("a")}), 65, "image tokenizer");
  expect_failure(run({"import", file("nowhere"), "-o", file("a")}), 66, "nowhere");
  expect_failure(run({"import", mmada, "-o", file("a"), "--type", "q9"}), 64, "--type");
  expect_failure(run({"import", images, "-o", file("a")}), 66, "tokenizer.json");
  expect_failure(run({"import", mmada}), 2, "-o");
  EXPECT_FALSE(fs::exists(file("a")));

  fs::create_directories(file("broken"));
  for (const auto& entry : fs::directory_iterator(released("llada_mha"))) {
    fs::copy_file(entry.path(), fs::path(file("broken")) / entry.path().filename());
  }
  Json config = weights::read_json_file(fs::path(file("broken")) / "config.json");
  config.set("n_layers", 4);
  fs::remove(fs::path(file("broken")) / "config.json");
  weights::write_json_file(fs::path(file("broken")) / "config.json", config);
  expect_failure(run({"import", file("broken"), "-o", file("a")}), 65, "blocks.3");
}

}  // namespace
}  // namespace lacuna::test
