#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

using weights::Json;

class Info : public Cli {
 protected:
  Json describe(const std::string& thing) const {
    const auto result = run({"info", thing, "--json"});
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out);
  }
};

TEST_F(Info, Model) {
  const Json json = describe(tiny_model().string());
  EXPECT_EQ(json.at("name").as_string(), "tiny");
  EXPECT_EQ(json.at("architecture").as_string(), "lacuna");
  EXPECT_EQ(json.at("license").as_string(), "apache-2.0");
  EXPECT_EQ(json.at("vocabulary").at("codebook").as_integer(), 64);
  EXPECT_EQ(json.at("vocabulary").at("mask_id").as_integer(), 360);
  EXPECT_GT(json.at("weights").at("parameters").as_integer(), 5'000);
  EXPECT_EQ(json.at("image_tokenizer").at("pixels_per_code").as_integer(), 4);
  EXPECT_EQ(json.at("sha256").as_string().size(), 64u);
  EXPECT_GT(json.at("memory_needed").at("generate_bytes").as_integer(),
            json.at("memory_needed").at("caption_bytes").as_integer());
  EXPECT_NE(run({"info", tiny_model().string()}).out.find("apache-2.0"), std::string::npos);
}

TEST_F(Info, CheckpointAndImageTokenizer) {
  EXPECT_EQ(describe(tiny_model() / "model.safetensors").at("kind").as_string(), "checkpoint");
  EXPECT_EQ(describe(tiny_model() / "image_tokenizer").at("codebook").as_integer(), 64);
}

TEST_F(Info, PictureWithItsSettings) {
  ASSERT_EQ(sample({"generate", "-p", "caf\xC3\xA9 goat", "-o", file("a.png"), "--seed", "5",
                    "--steps", "2"})
                .code,
            0);
  const Json json = describe(file("a.png"));
  EXPECT_EQ(json.at("width").as_integer(), 16);
  EXPECT_EQ(json.at("lacuna").at("seed").as_integer(), 5);
  EXPECT_EQ(json.at("lacuna").at("prompt").as_string(), "caf\xC3\xA9 goat");
  EXPECT_EQ(json.at("lacuna").at("model_sha256"), describe(tiny_model().string()).at("sha256"));
  EXPECT_NE(run({"info", file("a.png")}).out.find("parameters"), std::string::npos);
}

TEST_F(Info, PlainPicture) {
  const Json json = describe(put_picture("a.jpg", {5, 9}));
  EXPECT_EQ(json.at("format").as_string(), "JPEG");
  EXPECT_EQ(json.at("height").as_integer(), 5);
}

TEST_F(Info, WhatIsNotThereOrBroken) {
  expect_failure(run({"info", file("none.png")}), 66, "none.png");
  expect_failure(run({"info", file("none")}), 66, "none");
  expect_failure(run({"info", "no-such-model"}), 66, "no-such-model");
  put_file(file("x.safetensors"), "short");
  expect_failure(run({"info", file("x.safetensors")}), 65, "x.safetensors");
}

}  // namespace
}  // namespace lacuna::test
