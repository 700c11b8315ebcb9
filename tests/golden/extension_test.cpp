#include "vision/extension.h"

#include <gtest/gtest.h>

#include "tests/golden/fixtures.h"
#include "vision/released_mask.h"

namespace lacuna::golden {
namespace {

using vision::CodeGrid;
using vision::Extension;
using vision::Side;
using vision::Size;

Side side_named(const std::string& name) {
  return name == "left" ? Side::left : name == "right" ? Side::right : name == "up" ? Side::up : Side::down;
}

CodeGrid grid_of(Size size, const std::vector<std::int64_t>& codes) {
  return CodeGrid(size, std::vector<std::int32_t>(codes.begin(), codes.end()));
}

/// Show-o's own rounds: the window that goes into the model, and the picture that comes out at the end.
TEST(GoldenExtension, WindowsAndResultOfEveryRound) {
  int count = 0;
  for (const auto& file : cases("showo", ".json")) {
    if (file.filename().string().find(".extrapolation.") == std::string::npos) continue;
    SCOPED_TRACE(file.filename().string());
    const weights::Json json = read_case(file);
    const Tensors tensors(file.parent_path() / json.at("data").as_string());
    const int side = int(json.at("grid").as_integer()), offset = int(json.at("offset").as_integer());
    const auto mask = json.at("mask_id").as_integer(), first = json.at("image_offset").as_integer();
    const Size window{side, side};
    CodeGrid picture = grid_of(window, tensors.integers("initial_codes"));
    const auto& directions = json.at("directions").as_array();
    for (std::size_t round = 0; round < directions.size(); ++round) {
      const std::string prefix = "round" + std::to_string(round) + ".";
      const auto extension = Extension::released(side_named(directions[round].as_string()), window, offset);
      const CodeGrid wanted = vision::extension_window(picture, extension, -1);
      const auto ids = tensors.integers(prefix + "input_ids");
      const std::size_t begin = ids.size() - wanted.count() - 1;
      for (std::size_t i = 0; i < wanted.count(); ++i) {
        EXPECT_EQ(ids[begin + i], wanted.cells()[i] < 0 ? mask : first + wanted.cells()[i]) << "round " << round;
      }
      picture = vision::extended(picture, grid_of(window, tensors.integers(prefix + "codes")), extension);
    }
    const auto shape = tensors.shape("final_codes_grid");
    EXPECT_EQ(picture, grid_of({int(shape[1]), int(shape[2])}, tensors.integers("final_codes_grid")));
    ++count;
  }
  if (count == 0) GTEST_SKIP() << "no cases in this set";
}

/// Which the original cannot do: down, and any number of rounds along one axis.
TEST(GoldenExtension, EverySideGrowsAndKeepsWhatWasKnown) {
  const Size window{5, 7};
  CodeGrid start(window);
  for (std::size_t i = 0; i < start.count(); ++i) start.cells()[i] = std::int32_t(i);
  for (const Side side : {Side::left, Side::right, Side::up, Side::down}) {
    for (const int kept : {1, 2, 4}) {
      CodeGrid picture = start;
      for (int round = 1; round <= 3; ++round) {
        const Extension extension{side, window, kept};
        CodeGrid drawn = vision::extension_window(picture, extension, -1);
        std::size_t known = 0;
        for (std::int32_t& code : drawn.cells()) {
          known += code >= 0;
          if (code < 0) code = 100 * round;
        }
        const bool sideways = side == Side::left || side == Side::right;
        EXPECT_EQ(known, std::size_t(kept * (sideways ? window.height : window.width)));
        picture = vision::extended(picture, drawn, extension);
      }
      std::size_t found = 0;
      for (const std::int32_t code : picture.cells()) found += code < 100;
      EXPECT_EQ(found, start.count());
      EXPECT_EQ(picture.count() - start.count(), 3 * (start.count() - std::size_t(kept) * start.count() /
                                                                      std::size_t(side == Side::left || side == Side::right ? 7 : 5)));
    }
  }
  EXPECT_THROW(vision::extension_window(CodeGrid(Size{5, 9}), {Side::up, window, 2}, -1), std::invalid_argument);
  EXPECT_THROW(vision::extension_window(start, {Side::up, window, 5}, -1), std::invalid_argument);
  EXPECT_THROW(vision::extension_window(start, {Side::up, window, 0}, -1), std::invalid_argument);
}

void expect_masks(const std::filesystem::path& file) {
  const Tensors tensors(file);
  int count = 0;
  for (int i = 0; tensors.has("case" + std::to_string(i) + ".mask_pixels"); ++i, ++count) {
    const std::string prefix = "case" + std::to_string(i) + ".";
    SCOPED_TRACE(prefix);
    auto numbers = tensors.numbers(prefix + "mask_pixels");
    const double scale = *std::max_element(numbers.begin(), numbers.end()) > 1.5 ? 255.0 : 1.0;
    std::vector<float> pixels;
    for (double v : numbers) pixels.push_back(float(v / scale));
    const auto from = tensors.shape(prefix + "mask_pixels"), to = tensors.shape(prefix + "bicubic");
    const Size size{int(from[0]), int(from[1])}, grid{int(to[0]), int(to[1])};
    const auto values = vision::sample_bicubic(pixels, size, grid);
    const auto bicubic = tensors.numbers(prefix + "bicubic");
    for (std::size_t k = 0; k < bicubic.size(); ++k) EXPECT_NEAR(values[k], bicubic[k], 1e-5) << k;
    const auto mask = vision::released_code_mask(pixels, size, grid);
    const auto regenerate = tensors.integers(prefix + "regenerate");
    for (std::size_t k = 0; k < regenerate.size(); ++k) EXPECT_EQ(std::int64_t(mask.cells()[k]), regenerate[k]) << k;
  }
  EXPECT_GT(count, 0);
}

TEST(GoldenInpainting, MasksAreSampledBicubically) {
  const auto files = cases("showo", "mask_downscale.safetensors");
  if (files.empty()) GTEST_SKIP() << "no cases in this set";
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename().string());
    expect_masks(file);
  }
}

}  // namespace
}  // namespace lacuna::golden
