#include "tools/lacuna/model_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "runtime/weights/checkpoint.h"
#include "tests/support/tiny_model.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::tools {
namespace {

/// Adds one to a byte of the file.
void change_byte(const std::filesystem::path& file, std::streamoff at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(at);
  const int byte = stream.get();
  stream.seekp(at);
  stream.put(char(byte + 1));
}

class ModelSha256 : public ::testing::Test {
 protected:
  void SetUp() override { testing_support::write_tiny_model(folder_.path()); }
  std::string whole() const { return model_sha256(folder_.path()); }
  std::string pieces() const { return model_sha256(folder_.path(), 0); }

  test::TempFolder folder_;
};

TEST_F(ModelSha256, IsTheSameForTheSameModel) {
  test::TempFolder other;
  testing_support::write_tiny_model(other.path());
  EXPECT_EQ(whole(), model_sha256(other.path()));
  EXPECT_EQ(pieces(), model_sha256(other.path(), 0));
  EXPECT_NE(whole(), pieces());
}

TEST_F(ModelSha256, ATrainedModelIsAnother) {
  test::TempFolder other;
  testing_support::write_tiny_model(other.path(), {.seed = 2});
  EXPECT_NE(whole(), model_sha256(other.path()));
  EXPECT_NE(pieces(), model_sha256(other.path(), 0));
}

TEST_F(ModelSha256, PiecesAreOfEveryTensor) {
  const auto file = folder_.path() / "model.safetensors";
  std::vector<std::streamoff> begins;
  {
    const weights::SafetensorsFile stored(file);
    for (const auto& entry : stored.header().entries) begins.push_back(std::streamoff(entry.offset));
  }
  std::string before = pieces();
  for (const std::streamoff at : begins) {
    change_byte(file, at);
    const std::string after = pieces();
    EXPECT_NE(after, before) << at;
    before = after;
  }
}

TEST_F(ModelSha256, ConfigurationAndTokenizerCount) {
  const std::string before = pieces();
  change_byte(folder_.path() / "tokenizer.model", 40);
  const std::string after = pieces();
  EXPECT_NE(after, before);
  change_byte(folder_.path() / "config.json", 3);
  EXPECT_NE(pieces(), after);
}

}  // namespace
}  // namespace lacuna::tools
