#include "vision/image_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/weights/io_error.h"
#include "tests/vision/sample_files.h"
#include "vision/metrics.h"

namespace lacuna::vision {
namespace {

using namespace testing;
using Kind = ImageError::Kind;
namespace fs = std::filesystem;

class ImageFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("lacuna_image_io_" + std::string(info->name()) + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path put(const std::string& name, const File& bytes) const {
    std::ofstream out(folder_ / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return folder_ / name;
  }

  fs::path folder_;
};

TEST_F(ImageFiles, LosslessFormatsKeepEveryByte) {
  std::uint32_t seed = 1;
  for (const int channels : {3, 4}) {
    for (const Size size : {Size{1, 1}, Size{1, 33}, Size{33, 1}, Size{31, 65}, Size{257, 3}}) {
      const Image8 picture = random_picture(size, channels, seed++);
      for (const char* name : {"a.png", "a.PNG", "a.bmp"}) {
        write_image(folder_ / name, picture);
        const DecodedImage back = read_image(folder_ / name);
        // A single alpha value in a BMP is taken as meaningless.
        const bool dropped = back.format == ImageFormat::bmp && size == Size{1, 1} && channels == 4;
        if (dropped) continue;
        EXPECT_EQ(back.image, picture) << name << to_string(size);
        EXPECT_EQ(back.had_alpha, channels == 4);
      }
    }
  }
}

TEST_F(ImageFiles, JpegIsCloseAndComposedOnWhite) {
  const Image8 picture = gradient_picture({40, 50});
  write_image(folder_ / "a.jpeg", picture);
  const DecodedImage back = read_image(folder_ / "a.jpeg");
  EXPECT_EQ(back.format, ImageFormat::jpeg);
  EXPECT_GT(psnr(to_image(back.image), to_image(picture)), 38.0);
  write_image(folder_ / "clear.jpg", Image8({16, 16}, 4, 0));
  const Image8 clear = read_image(folder_ / "clear.jpg").image;
  for (const std::uint8_t byte : clear.bytes()) EXPECT_GE(byte, 254);
}

TEST_F(ImageFiles, EncodingIsDeterministicAndQualityMatters) {
  const Image8 picture = random_picture({40, 50}, 3, 7);
  for (const ImageFormat format : {ImageFormat::png, ImageFormat::jpeg, ImageFormat::bmp}) {
    EXPECT_EQ(encode_image(picture, format), encode_image(picture, format));
  }
  EncodeOptions low;
  low.jpeg_quality = 20;
  EXPECT_LT(encode_image(picture, ImageFormat::jpeg, low).size(),
            encode_image(picture, ImageFormat::jpeg).size());
  low.jpeg_quality = 0;
  EXPECT_THROW(encode_image(picture, ImageFormat::png, low), std::invalid_argument);
  EXPECT_THROW(encode_image(Image8(), ImageFormat::png), std::invalid_argument);
}

TEST_F(ImageFiles, MissingEmptyAndFolders) {
  EXPECT_EQ(kind_of([&] { read_image(folder_ / "none.png"); }), Kind::not_found);
  EXPECT_EQ(kind_of([&] { read_image(folder_ / "none" / "a.png"); }), Kind::not_found);
  EXPECT_EQ(kind_of([&] { read_image(folder_); }), Kind::unreadable);
  std::string reason;
  const fs::path empty = put("empty.png", {});
  EXPECT_EQ(kind_of([&] { read_image(empty); }, &reason), Kind::malformed);
  EXPECT_EQ(reason, empty.string() + ": the file is empty (0 bytes)");
}

TEST_F(ImageFiles, UnreadableFiles) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const fs::path path = put("secret.png", {1, 2, 3});
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(kind_of([&] { read_image(path); }), Kind::unreadable);
}

TEST_F(ImageFiles, BigFilesAreNotRead) {
  const fs::path path = put("big.png", {1});
  fs::resize_file(path, std::uintmax_t{1} << 40);  // sparse
  EXPECT_EQ(kind_of([&] { read_image(path); }), Kind::too_large);
  ImageLimits limits;
  limits.max_bytes = 100'000;
  EXPECT_EQ(kind_of([&] { read_image("/dev/zero", limits); }), Kind::too_large);
  EXPECT_EQ(kind_of([&] { read_image("/dev/null", limits); }), Kind::malformed);
}

TEST_F(ImageFiles, OtherFormatsAreNamedWithTheReadOnes) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {std::string("RIFF\x10\0\0\0WEBPVP8 ", 16), "WebP"},
      {"GIF89a........", "GIF"},
      {std::string("II*\0........", 12), "TIFF"},
      {std::string("\0\0\0\x20"
                   "ftypavif....",
                   16),
       "AVIF"},
      {std::string("\0\0\0\x20"
                   "ftypheic....",
                   16),
       "HEIC"},
      {"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"},
      {"%PDF-1.7 ....", "PDF"},
      {"8BPS....", "Photoshop"}};
  for (const auto& [bytes, word] : files) {
    std::string reason;
    const fs::path path = put("other.png", File(bytes.begin(), bytes.end()));
    EXPECT_EQ(kind_of([&] { read_image(path); }, &reason), Kind::unsupported) << word;
    EXPECT_NE(reason.find(word), std::string::npos) << reason;
    EXPECT_NE(reason.find("PNG, JPEG and BMP"), std::string::npos) << reason;
  }
  EXPECT_EQ(kind_of([&] { read_image(put("a.png", {'h', 'e', 'l', 'l', 'o'})); }), Kind::malformed);
}

TEST_F(ImageFiles, TheNameOfAFileDoesNotDecideItsFormat) {
  const File png = encode_image(gradient_picture({4, 4}), ImageFormat::png);
  EXPECT_EQ(read_image(put("really.jpg", png)).format, ImageFormat::png);
}

TEST_F(ImageFiles, OnlyKnownExtensionsAreWritten) {
  const Image8 picture = gradient_picture({4, 4});
  for (const char* name : {"a.webp", "a.gif", "a", "a.png.txt"}) {
    std::string reason;
    EXPECT_EQ(kind_of([&] { write_image(folder_ / name, picture); }, &reason), Kind::unsupported);
    EXPECT_NE(reason.find(".png"), std::string::npos) << reason;
    EXPECT_FALSE(fs::exists(folder_ / name));
  }
}

TEST_F(ImageFiles, WritingFailsWholeAndLeavesTheOldFile) {
  const Image8 picture = gradient_picture({4, 4});
  EXPECT_THROW(write_image(folder_ / "missing" / "a.png", picture), weights::IoError);
  write_image(folder_ / "a.png", picture);
  EXPECT_THROW(write_image(folder_ / "a.png", Image8()), std::invalid_argument);
  EXPECT_EQ(read_image(folder_ / "a.png").image, picture);
  const auto files = std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  EXPECT_EQ(files, 1);
}

TEST_F(ImageFiles, TextsComeBack) {
  EncodeOptions options;
  options.png_texts = {{kPngParametersKey, "3d emoji: goat\nSteps: 12, Seed: 7"},
                       {kPngLacunaKey, R"({"prompt": "Ziege \u2603"})"}};
  write_image(folder_ / "a.png", gradient_picture({4, 4}), options);
  EXPECT_EQ(read_image_texts(folder_ / "a.png"), options.png_texts);
  EXPECT_EQ(read_image(folder_ / "a.png").image, gradient_picture({4, 4}));
  write_image(folder_ / "a.jpg", gradient_picture({4, 4}), options);
  EXPECT_EQ(kind_of([&] { read_image_texts(folder_ / "a.jpg"); }), Kind::unsupported);
}

TEST_F(ImageFiles, SixteenBitsAreRounded) {
  const File file = make_png({1, 4}, 16, 0, false, {}, [](int, int x, int) {
    const int values[4] = {0, 128, 129, 65535};  // 128 / 257 is just below a half
    return values[x];
  });
  const Image8 image = decode_image(file, "a.png").image;
  EXPECT_EQ(image.pixel(0, 0)[0], 0);
  EXPECT_EQ(image.pixel(0, 1)[0], 0);
  EXPECT_EQ(image.pixel(0, 2)[0], 1);
  EXPECT_EQ(image.pixel(0, 3)[0], 255);
}

}  // namespace
}  // namespace lacuna::vision
