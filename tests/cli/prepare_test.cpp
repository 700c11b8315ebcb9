#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

class Prepare : public Cli {
 protected:
  const std::string data_ = std::string(LACUNA_SOURCE_DIR) + "/tests/golden/pictures";

  RunResult prepare(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {"prepare", "--tokenizer", tiny_model().string(), "--resolution", "32"});
    return run(std::move(arguments));
  }
};

TEST_F(Prepare, MakesShardsAndCountsThem) {
  const auto result = prepare({"--data", data_, "-o", file("shards"), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto json = weights::Json::parse(result.out);
  EXPECT_EQ(json.at("pictures").as_integer(), 28);
  EXPECT_EQ(json.at("bad").as_integer(), 0);
  EXPECT_TRUE(std::filesystem::exists(file("shards/shards.json")));
  EXPECT_EQ(get_file(file("shards/tokenizer.model")), get_file(tiny_model() / "tokenizer.model"));
}

TEST_F(Prepare, CodesOfAnImageTokenizer) {
  const auto result = prepare({"--data", data_, "-o", file("shards"), "--limit", "3",
                               "--image-tokenizer", (tiny_model() / "image_tokenizer").string()});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, file("shards") + "\n");
}

TEST_F(Prepare, Mistakes) {
  expect_failure(prepare({"-o", file("s")}), 2, "--data");
  expect_failure(prepare({"--data", data_}), 2, "--output");
  expect_failure(prepare({"--data", file("none"), "-o", file("s")}), 66, "none");
  expect_failure(prepare({"--data", data_, "-o", file("s"), "--resolution", "4"}), 64,
                 "resolution");
  std::filesystem::create_directory(file("data"));
  put_file(file("data/captions.tsv"), "file\tlabel\n../x.png\tgoat\n");
  expect_failure(prepare({"--data", file("data"), "-o", file("s")}), 65, "captions.tsv: line 2");
}

}  // namespace
}  // namespace lacuna::test
