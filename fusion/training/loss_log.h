#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lacuna::training {

/// A table of numbers by step in a CSV file, and the same as curves in an SVG picture.
class LossLog {
 public:
  using Row = std::vector<std::pair<std::string, double>>;

  /// Continues `file` where it is there, without the rows after `last_step` (-1: starts anew).
  LossLog(std::filesystem::path file, std::int64_t last_step);

  /// Adds a row and rewrites nothing else. The first row fixes the columns.
  /// Throws weights::IoError; std::invalid_argument for other columns.
  void add(std::int64_t step, const Row& row);

  /// Draws `columns` (those that exist) over the steps, on a logarithmic axis where all values are positive.
  void draw(const std::filesystem::path& svg, const std::vector<std::string>& columns) const;

  const std::vector<std::string>& columns() const { return columns_; }

 private:
  void load(std::int64_t last_step);

  std::filesystem::path file_;
  std::vector<std::string> columns_;  // without "step"
  std::vector<std::pair<std::int64_t, std::vector<double>>> rows_;
};

}  // namespace lacuna::training
