#include "tests/architecture/include_rules.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace lacuna::architecture {
namespace {

const std::filesystem::path kRoot = LACUNA_SOURCE_DIR;

std::size_t violations(const std::string& path, const std::string& text) {
  return include_violations(make_source_file(path, text)).size();
}

TEST(IncludeRules, EveryFileKeepsThem) {
  const auto files = read_source_tree(kRoot);
  ASSERT_GT(files.size(), 20U) << "the scan found too little below " << kRoot;
  for (const SourceFile& file : files) {
    for (const std::string& violation : include_violations(file)) ADD_FAILURE() << violation;
  }
}

TEST(IncludeRules, QuotedHeadersAreNamedFromTheRoot) {
  for (const SourceFile& file : read_source_tree(kRoot)) {
    for (const Include& include : file.includes) {
      if (!include.quoted) continue;
      EXPECT_TRUE(std::filesystem::is_regular_file(kRoot / include.header))
          << file.path << ":" << include.line << ": \"" << include.header
          << "\" is not a path from the root (other libraries are included with <>)";
    }
  }
}

TEST(IncludeRules, TorchStaysInTraining) {
  const std::string torch = "#include <torch/torch.h>\n";
  EXPECT_EQ(violations("fusion/training/trainer.cpp", torch), 0U);
  for (const char* path : {"fusion/canvas.cpp", "fusion/models/dream.cpp", "vision/vq_network.cpp",
                           "runtime/cpu/cpu_executor.cpp", "runtime/generation/pipeline.cpp",
                           "tools/lacuna/main.cpp", "text/chat_template.cpp"}) {
    EXPECT_EQ(violations(path, torch), 1U) << path;
  }
}

TEST(IncludeRules, SentencepieceStaysInText) {
  const std::string sentencepiece = "#include <sentencepiece_processor.h>\n";
  EXPECT_EQ(violations("text/sentencepiece_tokenizer.cpp", sentencepiece), 0U);
  EXPECT_EQ(violations("fusion/training/trainer.cpp", sentencepiece), 1U);
  EXPECT_EQ(violations("tools/lacuna/main.cpp", sentencepiece), 1U);
}

TEST(IncludeRules, NobodyIncludesToolsOrTests) {
  EXPECT_EQ(violations("runtime/generation/pipeline.cpp", "#include \"tools/lacuna/verb.h\"\n"),
            1U);
  EXPECT_EQ(violations("fusion/training/trainer.cpp", "#include \"tests/support/x.h\"\n"), 1U);
  EXPECT_EQ(violations("tools/lacuna/main.cpp", "#include \"tests/support/x.h\"\n"), 1U);
}

TEST(IncludeRules, EnginesAreReachedThroughTheExecutorOnly) {
  EXPECT_EQ(violations("runtime/generation/denoiser.cpp", "#include \"runtime/cpu/ops.h\"\n"), 1U);
  EXPECT_EQ(violations("runtime/generation/denoiser.cpp", "#include \"fusion/graph/executor.h\"\n"),
            0U);
  EXPECT_EQ(violations("runtime/cpu/linear.cpp", "#include <vulkan/vulkan.h>\n"), 1U);
}

TEST(IncludeRules, SingleFilesCanBeAllowed) {
  EXPECT_EQ(violations("fusion/models/dream.cpp", "#include \"runtime/weights/json.h\"\n"), 0U);
  EXPECT_EQ(violations("fusion/models/dream.cpp", "#include \"runtime/weights/checkpoint.h\"\n"),
            1U);
  EXPECT_EQ(violations("fusion/canvas.cpp", "#include \"runtime/weights/json.h\"\n"), 1U);
}

TEST(IncludeRules, TheMoreExactEntryWins) {
  const std::string shards = "#include \"fusion/training/shards/shard_writer.h\"\n";
  EXPECT_EQ(violations("runtime/preparation/captions.cpp", shards), 0U);
  EXPECT_EQ(violations("tools/lacuna/prepare.cpp", shards), 0U);
  EXPECT_EQ(violations("runtime/generation/pipeline.cpp", shards), 1U);
  EXPECT_EQ(violations("tools/lacuna/prepare.cpp", "#include \"fusion/training/trainer.h\"\n"), 1U);
  EXPECT_EQ(violations("fusion/training/shards/a.cpp", "#include \"fusion/training/trainer.h\"\n"),
            1U);
  EXPECT_EQ(violations("fusion/training/shards/a.cpp", "#include <torch/torch.h>\n"), 1U);
}

TEST(IncludeRules, UnknownLibrariesAndFoldersAreNoticed) {
  EXPECT_EQ(violations("text/a.cpp", "#include <boost/any.hpp>\n"), 1U);
  EXPECT_EQ(violations("novelty/a.cpp", "#include <vector>\n"), 1U);
  EXPECT_EQ(violations("fusion/graph/a.cpp", "#include <vector>\n#include <sys/mman.h>\n"), 1U);
}

TEST(IncludeRules, CommentedOutIncludesDoNotCount) {
  EXPECT_EQ(violations("text/a.cpp", "// #include <torch/torch.h>\n/*\n#include <omp.h>\n*/\n"),
            0U);
  EXPECT_EQ(violations("text/a.cpp", "  #  include <torch/torch.h> // yes\n"), 1U);
}

}  // namespace
}  // namespace lacuna::architecture
