#include "vision/stored_png.h"

#include <gtest/gtest.h>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;

TEST(StoredPng, TheCheckedReaderReadsItBack) {
  std::uint32_t seed = 1;
  // 21,845 RGB pixels and more make several stored blocks.
  for (const Size size : {Size{1, 1}, Size{33, 7}, Size{1, 21'845}, Size{257, 300}}) {
    for (const int channels : {3, 4}) {
      const Image8 picture = random_picture(size, channels, seed++);
      EXPECT_EQ(decode_image(encode_stored_png(picture), "a.png").image, picture);
    }
  }
  EXPECT_THROW(encode_stored_png(Image8()), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
