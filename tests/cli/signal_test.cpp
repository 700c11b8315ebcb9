#include <csignal>

#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

class Signals : public Cli {
 protected:
  /// Draws with far too many steps and sends the signal after the first.
  RunResult stop(int signal) const {
    return sample({"generate", "-p", "goat", "-o", file("a.png"), "--steps", "100000", "--seed",
                   "1", "--remask", "random", "--progress=json", "--preview", file("preview.png"),
                   "--batch-count", "100"},
                  {.signal = signal, .signal_on = "\"step\":"});
  }
};

TEST_F(Signals, CtrlCStopsAndSavesNothingHalf) {
  const auto result = stop(SIGINT);
  expect_failure(result, 130, "stopped");
  EXPECT_FALSE(std::filesystem::exists(file("a-100.png")));
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_NO_THROW(vision::read_image(entry.path())) << entry.path();
  }
}

TEST_F(Signals, SigtermHasItsOwnCode) { expect_failure(stop(SIGTERM), 143, "stopped"); }

}  // namespace
}  // namespace lacuna::test
