// The fuzzers' seeds say in their names what a reader owes them: valid_* is accepted, attack_*
// refused.

#include <gtest/gtest.h>

#include <functional>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/gguf.h"
#include "runtime/weights/json_file.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

/// Calls `read` for each seed and checks what comes of it. Returns how many seeds are attacks.
int check_corpus(const std::string& kind, const std::function<void(const fs::path&)>& read) {
  int attacks = 0;
  for (const auto& file :
       fs::directory_iterator(fs::path(LACUNA_SOURCE_DIR) / "tests/fuzz/corpus" / kind)) {
    const std::string name = file.path().filename().string();
    const std::string message = test::message_of<CheckpointError>([&] { read(file.path()); });
    if (name.starts_with("attack_")) {
      ++attacks;
      EXPECT_NE(message, "") << name << " was accepted";
      EXPECT_NE(message.find(name), std::string::npos) << message << " does not name the file";
    } else {
      EXPECT_EQ(message, "") << name;
    }
  }
  return attacks;
}

TEST(FuzzCorpus, SafetensorsAttacksAreRefused) {
  EXPECT_GE(check_corpus("safetensors", [](const fs::path& path) { Checkpoint::open(path); }), 60);
}

TEST(FuzzCorpus, JsonAttacksAreRefused) {
  EXPECT_GE(check_corpus("json", [](const fs::path& path) { read_json_file(path); }), 25);
}

TEST(FuzzCorpus, GgufAttacksAreRefused) {
  EXPECT_GE(check_corpus("gguf", [](const fs::path& path) { GgufFile file(path); }), 55);
}

}  // namespace
}  // namespace lacuna::weights
