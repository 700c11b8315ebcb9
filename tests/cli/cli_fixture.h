#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cli/pictures.h"
#include "tests/cli/run_lacuna.h"
#include "tests/weights/temp_folder.h"
#include "vision/image_io.h"

namespace lacuna::test {

/// A folder of its own, and the tiny model on every sampling verb.
class Cli : public ::testing::Test {
 protected:
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  /// Runs a verb with the tiny model; works in the test's folder.
  RunResult sample(std::vector<std::string> arguments, RunOptions options = {}) const {
    arguments.insert(arguments.end(), {"--model", tiny_model().string()});
    return run(std::move(arguments), std::move(options));
  }
  RunResult run(std::vector<std::string> arguments, RunOptions options = {}) const {
    if (options.folder.empty()) options.folder = folder_.path();
    return run_lacuna(arguments, options);
  }

  std::string put_picture(const std::string& name, vision::Size size, int channels = 3) const {
    vision::write_image(file(name), sample_picture(size, channels));
    return file(name);
  }
  std::string put_mask(const std::string& name, vision::Size size, int left, int right) const {
    vision::write_image(file(name), column_mask(size, left, right));
    return file(name);
  }

  TempFolder folder_;
};

/// The run ended with this code, and said so in words that name `what`.
inline void expect_failure(const RunResult& result, int code, const std::string& what) {
  EXPECT_EQ(result.code, code) << result.err;
  EXPECT_NE(result.err.find(what), std::string::npos)
      << "expected \"" << what << "\" in: " << result.err;
  EXPECT_EQ(result.err.find("[masked_text]"), std::string::npos);
}

}  // namespace lacuna::test
