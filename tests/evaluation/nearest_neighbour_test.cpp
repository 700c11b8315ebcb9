#include "runtime/evaluation/nearest_neighbour.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/weights/checkpoint_error.h"
#include "vision/image_io.h"

namespace lacuna::evaluation {
namespace {

namespace fs = std::filesystem;

/// A mosaic of 2 x 2 tiles in one row of 128: tile 0 red, tile 1 left red and right blue, tile 2 blue.
class Neighbours : public testing::Test {
 protected:
  Neighbours() : folder_(fs::temp_directory_path() /
                       (std::string("lacuna_") + testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    vision::Image mosaic(vision::Size{2, 256}, 1.0f);
    paint(mosaic, 0, 2, 0);
    paint(mosaic, 2, 3, 0);
    paint(mosaic, 3, 6, 2);
    vision::write_image(folder_ / "train_thumbnails.png", vision::to_image8(mosaic));
    write_labels("label\tcount\nred\t1\nother\t2\n");
  }
  ~Neighbours() override { fs::remove_all(folder_); }

  static void paint(vision::Image& image, int begin, int end, int channel) {
    for (int y = 0; y < image.height(); ++y) {
      for (int x = begin; x < end; ++x) {
        for (int c = 0; c < 3; ++c) image.at(y, x, c) = c == channel ? 1.0f : 0.0f;
      }
    }
  }
  void write_labels(const std::string& text) { std::ofstream(folder_ / "train_labels.tsv") << text; }

  fs::path folder_;
};

TEST_F(Neighbours, FindsTheNearestPictureAndItsLabel) {
  const auto neighbours = NearestNeighbour::open(folder_);
  EXPECT_EQ(neighbours.count(), 3);
  EXPECT_EQ(neighbours.side(), 2);
  vision::Image red(vision::Size{16, 16}), blue(vision::Size{16, 16});
  paint(red, 0, 16, 0);
  paint(blue, 0, 16, 2);
  EXPECT_EQ(neighbours.find(red).label, "red");
  EXPECT_NEAR(neighbours.find(red).distance, 0.0, 1e-6);
  EXPECT_EQ(neighbours.find(blue).label, "other");
}

TEST_F(Neighbours, LooksAtTheVisibleColumnsAlone) {
  vision::Image picture(vision::Size{16, 16});
  paint(picture, 0, 8, 0);
  paint(picture, 8, 16, 2);
  const auto neighbours = NearestNeighbour::open(folder_);
  EXPECT_EQ(neighbours.find(picture).label, "other");
  EXPECT_EQ(neighbours.find(picture, 0.5).label, "red");  // both fit; the first of equals
}

TEST_F(Neighbours, RefusesFilesThatDoNotAgree) {
  write_labels("label\tcount\nred\t129\n");
  EXPECT_THROW(NearestNeighbour::open(folder_), weights::CheckpointError);
  write_labels("label\tcount\nred\tmany\n");
  EXPECT_THROW(NearestNeighbour::open(folder_), weights::CheckpointError);
  write_labels("name\n");
  EXPECT_THROW(NearestNeighbour::open(folder_), weights::CheckpointError);
}

}  // namespace
}  // namespace lacuna::evaluation
