// The fuzzer's seeds say in their names what the reader of tokenizer.json owes them: valid_* is accepted, attack_*
// refused.
#include <gtest/gtest.h>

#include "runtime/weights/checkpoint_error.h"
#include "tests/weights/temp_folder.h"
#include "text/tokenizer_json.h"

namespace lacuna::text {
namespace {

TEST(FuzzCorpus, TokenizerJsonAttacksAreRefused) {
  int attacks = 0;
  const auto folder = std::filesystem::path(LACUNA_SOURCE_DIR) / "tests/fuzz/corpus/tokenizer_json";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    const std::string content = test::get_file(file.path());
    const std::string message = test::message_of<weights::CheckpointError>(
        [&] { make_tokenizer(parse_tokenizer_json(content.substr(0, content.find('\0')), file.path()), file.path()); });
    if (name.starts_with("attack_")) {
      ++attacks;
      EXPECT_NE(message, "") << name << " was accepted";
      EXPECT_NE(message.find(name), std::string::npos) << message << " does not name the file";
    } else {
      EXPECT_EQ(message, "") << name;
    }
  }
  EXPECT_GE(attacks, 30);
}

}  // namespace
}  // namespace lacuna::text
