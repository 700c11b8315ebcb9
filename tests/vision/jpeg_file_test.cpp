#include "vision/jpeg_file.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;
using Kind = ImageError::Kind;

/// The mean distance in levels from the picture that tests/golden/vision/README.md describes.
double distance_from_pattern(const Image8& image, bool grey) {
  double sum = 0;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      const int expected[3] = {8 * x, grey ? 8 * x : 8 * y, grey ? 8 * x : 255 - 4 * (x + y)};
      for (int c = 0; c < 3; ++c) sum += std::abs(image.pixel(y, x)[c] - expected[c]);
    }
  }
  return sum / double(image.bytes().size());
}

TEST(JpegFile, DecodesEveryReadableKind) {
  const std::vector<std::pair<const char*, double>> files = {{"baseline_444.jpg", 1.5},
                                                             {"progressive_420.jpg", 3.0},
                                                             {"restart_420.jpg", 3.0},
                                                             {"grey.jpg", 1.0}};
  for (const auto& [name, tolerance] : files) {
    const DecodedImage decoded = decode_image(golden(name), name);
    EXPECT_EQ(decoded.format, ImageFormat::jpeg);
    EXPECT_EQ(decoded.image.size(), (Size{20, 24})) << name;
    EXPECT_EQ(decoded.image.channels(), 3);
    EXPECT_LT(distance_from_pattern(decoded.image, std::string(name) == "grey.jpg"), tolerance)
        << name;
  }
}

TEST(JpegFile, FactsAreRead) {
  EXPECT_TRUE(check_jpeg(golden("progressive_420.jpg"), "a", {}).progressive);
  EXPECT_FALSE(check_jpeg(golden("baseline_444.jpg"), "a", {}).progressive);
  EXPECT_EQ(check_jpeg(golden("grey.jpg"), "a", {}).components, 1);
}

TEST(JpegFile, CmykAndArithmeticAreRefusedByName) {
  std::string reason;
  EXPECT_EQ(kind_of([] { decode_image(golden("cmyk.jpg"), "print.jpg"); }, &reason),
            Kind::unsupported);
  EXPECT_NE(reason.find("print.jpg"), std::string::npos) << reason;
  EXPECT_NE(reason.find("CMYK"), std::string::npos) << reason;
  EXPECT_NE(reason.find("convert"), std::string::npos) << reason;
  EXPECT_EQ(kind_of([] { decode_image(golden("arithmetic.jpg"), "a.jpg"); }, &reason),
            Kind::unsupported);
  EXPECT_NE(reason.find("arithmetic"), std::string::npos) << reason;
}

TEST(JpegFile, EveryTruncationIsRefused) {
  for (const char* name : {"baseline_444.jpg", "progressive_420.jpg", "restart_420.jpg"}) {
    const File whole = golden(name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const File part(whole.begin(), whole.begin() + std::ptrdiff_t(size));
      EXPECT_EQ(kind_of([&] { decode_image(part, name); }), Kind::malformed) << name << size;
    }
  }
}

TEST(JpegFile, AnEndMarkerInsideAThumbnailDoesNotCount) {
  // An EXIF block that holds a whole small JPEG, in front of a picture that is cut off.
  const File whole = golden("baseline_444.jpg");
  File file = {0xff, 0xd8, 0xff, 0xe1};
  const std::size_t length = whole.size() + 2;
  file.push_back(std::uint8_t(length >> 8));
  file.push_back(std::uint8_t(length));
  file.insert(file.end(), whole.begin(), whole.end());
  file.insert(file.end(), whole.begin() + 2, whole.end());
  EXPECT_NO_THROW(decode_image(file, "a.jpg"));
  file.resize(file.size() - 40);
  EXPECT_EQ(kind_of([&] { decode_image(file, "a.jpg"); }), Kind::malformed);
}

TEST(JpegFile, BytesBehindTheEndAreIgnored) {
  File longer = golden("baseline_444.jpg");
  const Image8 expected = decode_image(longer, "a.jpg").image;
  longer.insert(longer.end(), 50, 0);
  EXPECT_EQ(decode_image(longer, "a.jpg").image, expected);
}

/// The place of the first SOF segment's length field.
std::size_t frame_at(const File& file) {
  for (std::size_t i = 2; i + 1 < file.size(); ++i) {
    if (file[i] == 0xff && (file[i + 1] == 0xc0 || file[i + 1] == 0xc2)) return i + 2;
  }
  throw std::runtime_error("no frame");
}

TEST(JpegFile, HugeAndZeroSizesAreRefusedFromTheHeader) {
  File file = golden("baseline_444.jpg");
  const std::size_t frame = frame_at(file);
  for (std::size_t i = 3; i < 7; ++i) file[frame + i] = 0xff;  // 65535 x 65535
  EXPECT_EQ(kind_of([&] { decode_image(file, "a.jpg"); }), Kind::too_large);
  for (std::size_t i = 3; i < 7; ++i) file[frame + i] = 0;
  EXPECT_EQ(kind_of([&] { decode_image(file, "a.jpg"); }), Kind::malformed);
}

TEST(JpegFile, TwelveBitsAreRefused) {
  File file = golden("baseline_444.jpg");
  file[frame_at(file) + 2] = 12;
  EXPECT_EQ(kind_of([&] { decode_image(file, "a.jpg"); }), Kind::unsupported);
}

TEST(JpegFile, AComponentWithoutPixelsIsRefused) {
  File file = golden("baseline_444.jpg");
  // The frame's third component gets an id that no scan names.
  file[frame_at(file) + 14] = 99;
  EXPECT_EQ(kind_of([&] { decode_image(file, "a.jpg"); }), Kind::malformed);
}

TEST(JpegFile, HuffmanTablesOfMoreThan256CodesAreRefused) {
  // The decoder would write past its tables.
  const File whole = golden("baseline_444.jpg");
  for (const std::size_t codes : {std::size_t{257}, std::size_t{16 * 255}}) {
    File table = {0xff, 0xc4, 0, 0, 0};
    std::size_t left = codes;
    for (int i = 0; i < 16; ++i) {
      table.push_back(std::uint8_t(std::min<std::size_t>(left, 255)));
      left -= table.back();
    }
    table.insert(table.end(), codes, 1);
    table[2] = std::uint8_t((table.size() - 2) >> 8);
    table[3] = std::uint8_t(table.size() - 2);
    File file = whole;
    file.insert(file.begin() + 2, table.begin(), table.end());
    EXPECT_EQ(kind_of([&] { decode_image(file, "a.jpg"); }), Kind::malformed);
  }
}

TEST(JpegFile, TooManyScansAreRefused) {
  const File whole = golden("progressive_420.jpg");
  std::size_t scan = 0;
  while (!(whole[scan] == 0xff && whole[scan + 1] == 0xda)) ++scan;
  std::size_t next = scan + 2;
  while (!(whole[next] == 0xff && whole[next + 1] != 0)) ++next;
  File file(whole.begin(), whole.begin() + std::ptrdiff_t(scan));
  for (int i = 0; i < 100; ++i) {
    file.insert(file.end(), whole.begin() + std::ptrdiff_t(scan),
                whole.begin() + std::ptrdiff_t(next));
  }
  file.insert(file.end(), whole.begin() + std::ptrdiff_t(next), whole.end());
  EXPECT_EQ(kind_of([&] { decode_image(file, "a.jpg"); }), Kind::too_large);
}

TEST(JpegFile, NeverCrashesOnAFlippedBit) {
  for (const char* name : {"baseline_444.jpg", "progressive_420.jpg"}) {
    const File whole = golden(name);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      File damaged = whole;
      damaged[at] = std::uint8_t(damaged[at] ^ 1 << (at % 8));
      try {
        const Image8 first = decode_image(damaged, name).image;
        // A picture may come out, then always the same one: nothing uninitialised is in it.
        EXPECT_EQ(decode_image(damaged, name).image, first) << at;
      } catch (const ImageError&) {
      }
    }
  }
}

}  // namespace
}  // namespace lacuna::vision
