#include "runtime/evaluation/nearest_neighbour.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <string_view>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "vision/image_io.h"
#include "vision/resize.h"

namespace lacuna::evaluation {
namespace {

namespace fs = std::filesystem;

constexpr int kTilesPerRow = 128;

/// The labels of all tiles, one for each.
std::vector<std::string> read_labels(const fs::path& file) {
  std::ifstream in(file);
  if (!in) throw weights::IoError(file, "cannot read", errno);
  std::vector<std::string> labels;
  std::string line;
  std::getline(in, line);
  if (line != "label\tcount") throw weights::CheckpointError(file, "expected the columns label and count");
  for (int number = 2; std::getline(in, line); ++number) {
    const std::size_t tab = line.find('\t');
    int count = 0;
    const char* end = line.data() + line.size();
    if (tab == std::string::npos || std::from_chars(line.data() + tab + 1, end, count).ptr != end || count < 1) {
      throw weights::CheckpointError(file, "line " + std::to_string(number) + ": expected a label and a count");
    }
    labels.insert(labels.end(), std::size_t(count), line.substr(0, tab));
  }
  return labels;
}

}  // namespace

NearestNeighbour NearestNeighbour::open(const fs::path& folder) {
  NearestNeighbour result;
  result.labels_ = read_labels(folder / "train_labels.tsv");
  const fs::path file = folder / "train_thumbnails.png";
  const vision::Image mosaic = vision::to_image(vision::read_image(file).image);
  const int rows = (result.count() + kTilesPerRow - 1) / kTilesPerRow;
  result.side_ = mosaic.width() / kTilesPerRow;
  if (result.side_ < 1 || mosaic.width() != result.side_ * kTilesPerRow || mosaic.height() != result.side_ * rows) {
    throw weights::CheckpointError(file, "expected " + std::to_string(rows) + " rows of " +
                                             std::to_string(kTilesPerRow) + " square tiles, got a picture of " +
                                             vision::to_string(mosaic.size()));
  }
  for (int i = 0; i < result.count(); ++i) {
    const int top = i / kTilesPerRow * result.side_, left = i % kTilesPerRow * result.side_;
    for (int y = 0; y < result.side_; ++y) {
      for (int x = 0; x < result.side_; ++x) {
        for (int c = 0; c < 3; ++c) result.thumbnails_.push_back(mosaic.at(top + y, left + x, c));
      }
    }
  }
  return result;
}

NearestNeighbour::Match NearestNeighbour::find(const vision::Image& picture, double visible_columns) const {
  const vision::Image query = vision::resize(picture, {side_, side_});
  const auto wanted = query.pixels();
  const int columns = std::clamp(int(std::lround(visible_columns * side_)), 1, side_);
  const std::size_t size = wanted.size();
  double best = std::numeric_limits<double>::infinity();
  std::size_t best_tile = 0;
  for (std::size_t tile = 0; tile < labels_.size(); ++tile) {
    const float* values = &thumbnails_[tile * size];
    float sum = 0;
    for (int y = 0; y < side_; ++y) {
      for (int i = y * side_ * 3; i < (y * side_ + columns) * 3; ++i) {
        const float d = values[i] - wanted[std::size_t(i)];
        sum += d * d;
      }
    }
    if (sum < best) {
      best = sum;
      best_tile = tile;
    }
  }
  const float* values = &thumbnails_[best_tile * size];
  return {labels_[best_tile], vision::Image({side_, side_}, std::vector<float>(values, values + size)),
          std::sqrt(best / (3.0 * side_ * columns))};
}

}  // namespace lacuna::evaluation
