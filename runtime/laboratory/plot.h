#pragma once

#include <string>
#include <vector>

namespace lacuna::laboratory {

struct PlotPoint {
  double x = 0.0, y = 0.0;
  double error = 0.0;      // standard error of y; drawn as a bar of twice its length up and down
  std::string label = {};  // beside the point
};

struct PlotSeries {
  std::string name;  // in the legend
  std::vector<PlotPoint> points;
  bool line = true;  // joined, or points alone
};

enum class Axis : unsigned char { linear, logarithmic };

/// A diagram that stands on its own: title, axes with units, legend, a caption that says what was measured.
struct Plot {
  std::string title;
  std::string x_label, y_label;
  Axis x_axis = Axis::linear, y_axis = Axis::linear;
  std::vector<PlotSeries> series;
  /// A level to compare with, drawn across; no name, no line.
  std::string reference_name;
  double reference = 0.0;
  std::string caption;
};

/// The plot as an SVG file of 900 units in width. Throws std::invalid_argument where there is no point, or one that is
/// not finite, or not positive on a logarithmic axis.
std::string to_svg(const Plot& plot);

/// Several plots under each other in one file.
std::string to_svg(const std::vector<Plot>& plots);

}  // namespace lacuna::laboratory
