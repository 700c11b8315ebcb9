#include <algorithm>

#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

using weights::Json;

class Extend : public Cli {
 protected:
  RunResult extend(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "extend");
    arguments.insert(arguments.end(), {"-p", "3d emoji: goat", "--seed", "4", "--steps", "3"});
    return sample(std::move(arguments));
  }
};

/// Whether `part` lies in `whole` at (top, left), byte for byte.
bool holds(const vision::Image8& whole, const vision::Image8& part, int top, int left) {
  for (int y = 0; y < part.height(); ++y) {
    if (!std::equal(part.pixel(y, 0), part.pixel(y, 0) + 3 * part.width(), whole.pixel(top + y, left))) return false;
  }
  return true;
}

// The tiny model draws 16 x 16 pixels in 4 x 4 codes.
TEST_F(Extend, GrowsByWindowsAndKeepsThePicture) {
  const vision::Image8 before = sample_picture({16, 16}, 3);
  const std::string picture = put_picture("a.png", {16, 16});
  struct Case {
    std::vector<std::string> flags;
    vision::Size size;
    int top, left;
  };
  for (const Case& c : {Case{{"--to", "right"}, {16, 24}, 0, 0}, Case{{"--to", "left,right"}, {16, 32}, 0, 8},
                        Case{{"--to", "up,up,down", "--overlap", "1"}, {52, 16}, 24, 0},
                        Case{{"--to", "down", "--overlap", "3"}, {20, 16}, 0, 0}}) {
    auto flags = c.flags;
    flags.insert(flags.end(), {"-i", picture, "-o", file("b.png"), "--json"});
    const auto result = extend(flags);
    ASSERT_EQ(result.code, 0) << result.err;
    const auto after = vision::read_image(file("b.png")).image;
    ASSERT_EQ(after.size(), c.size);
    EXPECT_TRUE(holds(after, before, c.top, c.left));
    EXPECT_EQ(Json::parse(result.out).at("tokens").size(), std::size_t(c.size.height / 4 * c.size.width / 4));
  }
}

TEST_F(Extend, IsTheSameForASeedWhateverElseIsDrawn) {
  const std::string picture = put_picture("a.png", {16, 16});
  const auto several = extend({"-i", picture, "--to", "right,right", "--batch-count", "10", "-o", file("b-%02d.png"),
                               "--disable-metadata"});
  ASSERT_EQ(several.code, 0) << several.err;
  for (const char* number : {"02", "10"}) {
    const std::string seed = std::to_string(3 + std::stoi(number));
    const auto alone = sample({"extend", "-i", picture, "--to", "right,right", "-p", "3d emoji: goat", "--seed", seed,
                               "--steps", "3", "-o", file("c.png"), "--disable-metadata"});
    ASSERT_EQ(alone.code, 0) << alone.err;
    const auto one = vision::read_image(file("c.png")), of_ten = vision::read_image(file("b-" + std::string(number) + ".png"));
    EXPECT_TRUE(std::ranges::equal(one.image.bytes(), of_ten.image.bytes())) << number;
  }
}

TEST_F(Extend, RefusesWhatCannotBe) {
  const std::string picture = put_picture("a.png", {16, 16});
  expect_failure(extend({"-i", picture, "--to", "sideways"}), 64, "--to");
  expect_failure(extend({"-i", picture, "--to", "left,"}), 64, "--to");
  expect_failure(extend({"-i", picture, "--to", "left,up"}), 64, "one axis");
  for (const char* overlap : {"0", "4", "-1"}) {
    expect_failure(extend({"-i", picture, "--to", "left", "--overlap", overlap}), 64, "from 1 to 3");
  }
  expect_failure(extend({"--to", "left"}), 2, "--init-img");
  expect_failure(extend({"-i", picture}), 2, "--to");
  expect_failure(extend({"-i", file("nowhere.png"), "--to", "up"}), 66, "nowhere.png");
}

}  // namespace
}  // namespace lacuna::test
