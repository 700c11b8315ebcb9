#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"
#include "tests/support/tiny_model.h"

namespace lacuna::test {
namespace {

class Quantize : public Cli {
 protected:
  /// Wide enough for blocks of 32.
  std::string model() const {
    testing_support::TinyModel tiny;
    tiny.width = 64;
    testing_support::write_tiny_model(file("wide"), tiny);
    return file("wide");
  }
};

TEST_F(Quantize, MakesAModelThatRunsAndSaysWhatItLost) {
  const std::string from = model();
  double last = 0;
  for (const std::string type : {"q8_0", "q4_1", "q4_0"}) {
    const auto result = run({"quantize", from, "-o", file(type), "--type", type, "--sensitive", "head", "--json", "-t", "2"});
    ASSERT_EQ(result.code, 0) << result.err;
    const auto json = weights::Json::parse(result.out);
    double worst = 0;
    for (const auto& tensor : json.at("tensors").as_array()) worst = std::max(worst, tensor.at("relative_rms").as_number());
    EXPECT_GT(worst, last) << type;
    last = worst;
    const auto& comparison = json.at("comparison");
    EXPECT_GT(comparison.at("positions").as_integer(), 0);
    EXPECT_GT(comparison.at("token_agreement").as_number(), 0.3);
    EXPECT_LT(comparison.at("divergence").as_number(), 1.0);
    const auto caption = run({"caption", "-m", file(type), put_picture("p.png", {16, 16}), "--steps", "2", "-t", "2"});
    EXPECT_EQ(caption.code, 0) << caption.err;
  }
  const auto checkpoint = weights::Checkpoint::open(file("q4_0"));
  bool blocks = false;
  for (const std::string& name : checkpoint.names()) blocks |= checkpoint.find(name)->dtype == graph::DType::q4_0;
  EXPECT_TRUE(blocks);
}

TEST_F(Quantize, RulesDecideByName) {
  const auto result = run({"quantize", model(), "-o", file("q"), "--type", "q4_0", "--tensor-type", "*=bf16", "--compare", "0"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, file("q") + "\n");
  const auto checkpoint = weights::Checkpoint::open(file("q"));
  for (const std::string& name : checkpoint.names()) EXPECT_EQ(checkpoint.find(name)->dtype, graph::DType::bf16) << name;
}

TEST_F(Quantize, Mistakes) {
  const std::string from = model();
  expect_failure(run({"quantize", "-o", file("q")}), 2, "model");
  expect_failure(run({"quantize", from}), 2, "-o");
  expect_failure(run({"quantize", from, "-o", from}), 64, "another folder");
  expect_failure(run({"quantize", from, "-o", file("q"), "--type", "q5"}), 64, "--type");
  expect_failure(run({"quantize", from, "-o", file("q"), "--sensitive", "nose"}), 64, "--sensitive");
  expect_failure(run({"quantize", from, "-o", file("q"), "--tensor-type", "x"}), 64, "--tensor-type");
  expect_failure(run({"quantize", file("nowhere"), "-o", file("q")}), 66, "nowhere");
  EXPECT_FALSE(std::filesystem::exists(file("q")));
}

}  // namespace
}  // namespace lacuna::test
