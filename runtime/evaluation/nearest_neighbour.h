#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vision/image.h"

namespace lacuna::evaluation {

/// The baseline that a model has to beat: the training picture whose thumbnail is nearest in root mean square.
/// Reads a folder with train_thumbnails.png (square tiles row by row) and train_labels.tsv (label, count: so many
/// tiles in a row carry the label).
class NearestNeighbour {
 public:
  /// Throws vision::ImageError, weights::IoError, or weights::CheckpointError when the two files do not agree.
  static NearestNeighbour open(const std::filesystem::path& folder);

  struct Match {
    std::string label;
    vision::Image thumbnail;
    double distance = 0.0;
  };
  /// The nearest training picture, by all of it or, with `visible_columns` < 1, by that part of its columns from
  /// the left. Of equals the first.
  Match find(const vision::Image& picture, double visible_columns = 1.0) const;

  int count() const { return int(labels_.size()); }
  int side() const { return side_; }

 private:
  int side_ = 0;                     // pixels of a thumbnail
  std::vector<float> thumbnails_;    // [count, side, side, 3]
  std::vector<std::string> labels_;  // by thumbnail
};

}  // namespace lacuna::evaluation
