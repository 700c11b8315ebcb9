#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

using weights::Json;

class Infill : public Cli {
 protected:
  RunResult fill(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "infill");
    arguments.insert(arguments.end(), {"--seed", "4", "--steps", "3"});
    return sample(std::move(arguments));
  }
};

/// Whether pixels with left <= x < right changed; all others must be equal.
bool only_columns_changed(const vision::Image8& before, const vision::Image8& after, int left,
                          int right) {
  EXPECT_EQ(before.size(), after.size());
  EXPECT_EQ(before.channels(), after.channels());
  bool changed = false;
  for (int y = 0; y < before.height(); ++y) {
    for (int x = 0; x < before.width(); ++x) {
      const bool equal =
          std::equal(before.pixel(y, x), before.pixel(y, x) + before.channels(), after.pixel(y, x));
      if (x >= left && x < right) {
        changed = changed || !equal;
      } else {
        EXPECT_TRUE(equal) << "pixel " << x << ", " << y << " is outside the mask";
      }
    }
  }
  return changed;
}

TEST_F(Infill, PixelsOutsideTheMaskStayByteForByteAtAnySize) {
  for (const vision::Size size : {vision::Size{16, 16}, {33, 70}, {65, 20}, {1, 40}}) {
    for (const int channels : {3, 4}) {
      const std::string picture = put_picture("a.png", size, channels);
      const std::string mask = put_mask("m.png", size, size.width / 2, size.width);
      const auto result =
          fill({"-i", picture, "--mask", mask, "-p", "3d emoji: goat", "-o", file("b.png")});
      ASSERT_EQ(result.code, 0) << result.err;
      EXPECT_EQ(result.out, file("b.png") + "\n");
      EXPECT_TRUE(only_columns_changed(sample_picture(size, channels),
                                       vision::read_image(file("b.png")).image, size.width / 2,
                                       size.width))
          << vision::to_string(size);
    }
  }
}

TEST_F(Infill, EchoesTheMaskedPart) {
  const auto result = fill({"-i", put_picture("a.png", {16, 16}), "--mask",
                            put_mask("m.png", {16, 16}, 8, 16), "-p", "goat", "-o", file("b.png")});
  EXPECT_NE(result.err.find("mask: 50.0 % of the pixels, 8 of 16 codes"), std::string::npos)
      << result.err;
}

TEST_F(Infill, MaskInvertSwapsTheSides) {
  const std::string picture = put_picture("a.png", {16, 16}),
                    mask = put_mask("m.png", {16, 16}, 4, 16);
  const auto result =
      fill({"-i", picture, "--mask", mask, "--mask-invert", "-p", "goat", "-o", file("b.png")});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(only_columns_changed(sample_picture({16, 16}),
                                   vision::read_image(file("b.png")).image, 0, 4));
}

TEST_F(Infill, TransparentMeansRepaintWhereTheMaskHasAlpha) {
  vision::Image8 mask({16, 16}, 4, 255);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 8; ++x) mask.pixel(y, x)[3] = 0;
  }
  vision::write_image(file("m.png"), mask);
  const auto result = fill({"-i", put_picture("a.png", {16, 16}), "--mask", file("m.png"), "-p",
                            "goat", "-o", file("b.png")});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(only_columns_changed(sample_picture({16, 16}),
                                   vision::read_image(file("b.png")).image, 0, 8));
}

TEST_F(Infill, SoftEdgeStaysInsideTheMask) {
  const auto result =
      fill({"-i", put_picture("a.png", {32, 32}), "--mask", put_mask("m.png", {32, 32}, 16, 32),
            "--mask-blur", "6", "-p", "goat", "-o", file("b.png")});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(only_columns_changed(sample_picture({32, 32}),
                                   vision::read_image(file("b.png")).image, 16, 32));
}

TEST_F(Infill, OutpaintAddsMargins) {
  const auto result = fill({"-i", put_picture("a.png", {10, 12}), "--outpaint", "3,1,5,2", "-p",
                            "goat", "-o", file("b.png")});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto after = vision::read_image(file("b.png")).image;
  ASSERT_EQ(after.size(), (vision::Size{13, 20}));
  const auto before = sample_picture({10, 12});
  for (int y = 0; y < 10; ++y) {
    EXPECT_TRUE(std::equal(before.pixel(y, 0), before.pixel(y, 0) + 36, after.pixel(y + 1, 3)))
        << y;
  }
}

TEST_F(Infill, FillsWordsGivenThePicture) {
  const auto result =
      fill({"--image", put_picture("a.png", {16, 16}), "--text", "a [MASK:2] on a red [MASK]"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("a")) << result.out;
  EXPECT_EQ(result.out.find("[MASK"), std::string::npos);
  EXPECT_NE(result.out.find("on a red"), std::string::npos) << result.out;
  EXPECT_EQ(files_in(folder_.path()), 1u) << "the picture is not written again";
}

TEST_F(Infill, FillsPictureAndWordsTogether) {
  const auto result =
      fill({"-i", put_picture("a.png", {16, 16}), "--mask", put_mask("m.png", {16, 16}, 0, 8),
            "--text", "3d emoji: [MASK:2]", "-o", file("b.png"), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json.at("file").as_string(), file("b.png"));
  EXPECT_TRUE(json.at("text").as_string().starts_with("3d emoji:"));
  EXPECT_TRUE(only_columns_changed(sample_picture({16, 16}),
                                   vision::read_image(file("b.png")).image, 0, 8));
}

TEST_F(Infill, NothingGivenDrawsAPictureWithItsCaption) {
  const auto result = fill({"-o", file("joint.png"), "--batch-count", "2"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with(file("joint-1.png") + "\n")) << result.out;
  EXPECT_EQ(vision::read_image(file("joint-2.png")).image.size(), (vision::Size{16, 16}));
}

TEST_F(Infill, AFillingOfABatchEqualsTheSingleRun) {
  const std::string picture = put_picture("a.png", {20, 20}),
                    mask = put_mask("m.png", {20, 20}, 0, 10);
  ASSERT_EQ(
      fill({"-i", picture, "--mask", mask, "-p", "goat", "-o", file("b.png"), "--batch-count", "3"})
          .code,
      0);
  const auto single = sample({"infill", "-i", picture, "--mask", mask, "-p", "goat", "-o",
                              file("c.png"), "--seed", "6", "--steps", "3"});
  ASSERT_EQ(single.code, 0) << single.err;
  EXPECT_EQ(get_file(file("b-3.png")), get_file(file("c.png")));
}

TEST_F(Infill, RefusesWhatDoesNotGoTogether) {
  const std::string picture = put_picture("a.png", {16, 16});
  expect_failure(fill({"--mask", picture}), 2, "--init-img");
  expect_failure(fill({"-i", picture}), 2, "nothing to fill");
  expect_failure(fill({"-i", picture, "--text", "no gap"}), 2, "nothing to fill");
  expect_failure(fill({"-i", picture, "--mask-invert", "--text", "[MASK]"}), 2, "--mask-invert");
  expect_failure(fill({"-p", "a", "--text", "b"}), 2, "--text");
  expect_failure(fill({"-i", picture, "--outpaint", "1,2,3"}), 64, "--outpaint");
  expect_failure(fill({"-i", picture, "--outpaint", "0,0,0,0"}), 64, "--outpaint");
  expect_failure(fill({"-i", picture, "--outpaint", "-1,0,0,0"}), 64, "--outpaint");
  expect_failure(fill({"--text", "a [MASK:0]"}), 64, "[MASK:0]");
  expect_failure(fill({"--text", "a [MASK:x"}), 64, "[MASK:n]");
}

TEST_F(Infill, RefusesMasksThatDoNotFit) {
  const std::string picture = put_picture("a.png", {16, 16});
  expect_failure(fill({"-i", picture, "--mask", put_mask("m.png", {16, 17}, 0, 4), "-p", "goat"}),
                 65, "17x16");
  expect_failure(fill({"-i", picture, "--mask", put_mask("m.png", {16, 16}, 0, 0), "-p", "goat"}),
                 65, "the mask is empty");
  expect_failure(fill({"-i", picture, "--mask", file("none.png"), "-p", "goat"}), 66, "none.png");
}

}  // namespace
}  // namespace lacuna::test
