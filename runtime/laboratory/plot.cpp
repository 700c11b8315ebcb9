#include "runtime/laboratory/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

namespace lacuna::laboratory {
namespace {

constexpr double kWidth = 900, kLeft = 80, kRight = 250, kTop = 46, kPlotHeight = 330, kBottom = 62;
constexpr double kLine = 18;  // of text
constexpr std::size_t kCaptionWidth = 118;

// Distinct without colour too: every series has its own marker.
constexpr std::array kColours{"#1b6ca8", "#d1495b", "#2e8b57", "#8d5fb4", "#c77c11", "#4a4a4a", "#0b8f8f", "#a0522d"};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

/// A value range and where it lies on the paper.
struct Scale {
  Axis axis = Axis::linear;
  double low = 0, high = 1;        // after the logarithm
  double from = 0, to = 1;         // on the paper
  std::vector<double> ticks;       // values

  double of(double value) const {
    const double v = axis == Axis::logarithmic ? std::log10(value) : value;
    return from + (v - low) / (high - low) * (to - from);
  }
};

Scale make_scale(Axis axis, double least, double most, double from, double to) {
  Scale scale{axis, 0, 1, from, to, {}};
  if (axis == Axis::logarithmic) {
    scale.low = std::log10(least) - 0.04;
    scale.high = std::log10(most) + 0.04;
    const bool few = scale.high - scale.low < 1.5;
    for (int e = int(std::floor(scale.low)); e <= int(std::ceil(scale.high)); ++e) {
      for (double m : few ? std::vector<double>{1, 2, 3, 5, 7} : std::vector<double>{1}) {
        const double tick = m * std::pow(10.0, e), l = std::log10(tick);
        if (l >= scale.low && l <= scale.high) scale.ticks.push_back(tick);
      }
    }
    // A narrow range may lie between the round numbers.
    if (scale.ticks.size() < 2) scale.ticks = most > least ? std::vector{least, most} : std::vector{least};
    return scale;
  }
  const double span = most > least ? most - least : std::max(1.0, std::abs(most));
  scale.low = least - 0.06 * span;
  scale.high = most + 0.06 * span;
  const double rough = (scale.high - scale.low) / 6, magnitude = std::pow(10.0, std::floor(std::log10(rough)));
  double step = magnitude;
  for (double m : {1.0, 2.0, 5.0, 10.0}) {
    if (m * magnitude >= rough) {
      step = m * magnitude;
      break;
    }
  }
  for (double tick = std::ceil(scale.low / step) * step; tick <= scale.high; tick += step) {
    scale.ticks.push_back(std::abs(tick) < step * 1e-9 ? 0.0 : tick);
  }
  return scale;
}

std::string text_at(double x, double y, const std::string& text, const char* anchor, const char* more = "") {
  return "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" text-anchor=\"" + anchor + "\" " + more + ">" +
         escaped(text) + "</text>\n";
}

std::string marker(std::size_t series, double x, double y) {
  const std::string fill = std::string(" fill=\"") + kColours[series % kColours.size()] + "\"/>\n";
  const auto points = [&](std::initializer_list<std::array<double, 2>> list) {
    std::string s = "<polygon points=\"";
    for (const auto& p : list) s += fixed(x + p[0]) + "," + fixed(y + p[1]) + " ";
    return s + "\"" + fill;
  };
  switch (series % 4) {
    case 0: return "<circle cx=\"" + fixed(x) + "\" cy=\"" + fixed(y) + "\" r=\"4\"" + fill;
    case 1: return points({{-4, -4}, {4, -4}, {4, 4}, {-4, 4}});
    case 2: return points({{0, -5}, {5, 4}, {-5, 4}});
    default: return points({{0, -5}, {5, 0}, {0, 5}, {-5, 0}});
  }
}

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines{""};
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return lines;
}

/// Names of points, set where they cover neither each other nor the points; points in one place share a line.
class Labels {
 public:
  Labels(double left, double right) : left_(left), right_(right) {}

  void add(double x, double y, const std::string& text) {
    if (text.empty()) return;
    for (Label& other : labels_) {
      if (std::abs(other.x - x) > 1 || std::abs(other.y - y) > 1) continue;
      if ((", " + other.text + ",").find(", " + text + ",") == std::string::npos) other.text += ", " + text;
      return;
    }
    labels_.push_back({x, y, text});
  }

  /// A point without a name is in the way as well.
  void cover(double x, double y) { points_.push_back({x - 4, x + 4, y - 4, y + 4}); }

  std::string svg() const {
    std::vector<Box> taken = points_;
    std::string svg;
    for (const Label& label : labels_) {
      const double width = kLetter * double(label.text.size());
      bool placed = false;
      for (const double down : {-6.0, 15.0, -19.0, 28.0, -32.0, 41.0, -45.0, 54.0}) {
        for (const bool to_the_right : {true, false}) {
          const double x = to_the_right ? label.x + 7 : label.x - 7 - width, y = label.y + down;
          const Box box{x, x + width, y - 9, y + 3};
          const bool inside = box.left >= left_ && box.right <= right_;
          const bool free = std::ranges::none_of(taken, [&](const Box& other) {
            return box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom;
          });
          if (placed || !inside || !free) continue;
          placed = true;
          taken.push_back(box);
          svg += text_at(to_the_right ? x : x + width, y, label.text, to_the_right ? "start" : "end", "font-size=\"11\"");
          if (std::abs(down) > 16) {
            svg += "<line x1=\"" + fixed(label.x) + "\" y1=\"" + fixed(label.y) + "\" x2=\"" +
                   fixed(to_the_right ? x - 1 : x + width + 1) + "\" y2=\"" + fixed(y - 4) + "\" stroke=\"#999\" stroke-width=\"0.7\"/>\n";
          }
        }
      }
      // No room anywhere: over the others rather than nowhere.
      if (!placed) svg += text_at(label.x + 7, label.y - 6, label.text, "start", "font-size=\"11\"");
    }
    return svg;
  }

 private:
  struct Label {
    double x, y;
    std::string text;
  };
  struct Box {
    double left, right, top, bottom;
  };
  static constexpr double kLetter = 5.9;  // its mean width at this size
  double left_, right_;
  std::vector<Label> labels_;
  std::vector<Box> points_;
};

double height_of(const Plot& plot) {
  return kTop + kPlotHeight + kBottom + kLine * double(wrapped(plot.caption, kCaptionWidth).size()) + 12;
}

void check(const Plot& plot) {
  bool any = false;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& p : series.points) {
      any = true;
      const bool fits = std::isfinite(p.x) && std::isfinite(p.y) && (plot.x_axis == Axis::linear || p.x > 0) &&
                        (plot.y_axis == Axis::linear || p.y > 0);
      if (!fits) {
        throw std::invalid_argument("[plot] expected points on the axes, got (" + number(p.x) + ", " + number(p.y) +
                                    ") in " + series.name);
      }
    }
  }
  if (!any) throw std::invalid_argument("[plot] expected at least one point, got none");
}

std::string draw(const Plot& plot, double top) {
  check(plot);
  double x_low = std::numeric_limits<double>::infinity(), x_high = -x_low, y_low = x_low, y_high = -x_low;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& p : series.points) {
      x_low = std::min(x_low, p.x);
      x_high = std::max(x_high, p.x);
      const bool drawn = plot.y_axis == Axis::linear || p.y > 2 * p.error;  // the bar
      y_low = std::min(y_low, drawn ? p.y - 2 * p.error : p.y);
      y_high = std::max(y_high, p.y + 2 * p.error);
    }
  }
  if (!plot.reference_name.empty()) {
    y_low = std::min(y_low, plot.reference);
    y_high = std::max(y_high, plot.reference);
  }
  const double bottom = top + kTop + kPlotHeight, right = kWidth - kRight;
  const Scale x = make_scale(plot.x_axis, x_low, x_high, kLeft, right);
  const Scale y = make_scale(plot.y_axis, y_low, y_high, bottom, top + kTop);

  std::string svg = text_at(kLeft, top + 26, plot.title, "start", "font-size=\"17\" font-weight=\"bold\"");
  for (double tick : x.ticks) {
    svg += "<line x1=\"" + fixed(x.of(tick)) + "\" x2=\"" + fixed(x.of(tick)) + "\" y1=\"" + fixed(top + kTop) +
           "\" y2=\"" + fixed(bottom) + "\" stroke=\"#e4e4e4\"/>\n";
    svg += text_at(x.of(tick), bottom + 18, number(tick), "middle");
  }
  for (double tick : y.ticks) {
    svg += "<line x1=\"" + fixed(kLeft) + "\" x2=\"" + fixed(right) + "\" y1=\"" + fixed(y.of(tick)) + "\" y2=\"" +
           fixed(y.of(tick)) + "\" stroke=\"#e4e4e4\"/>\n";
    svg += text_at(kLeft - 8, y.of(tick) + 4, number(tick), "end");
  }
  svg += "<rect x=\"" + fixed(kLeft) + "\" y=\"" + fixed(top + kTop) + "\" width=\"" + fixed(right - kLeft) +
         "\" height=\"" + fixed(kPlotHeight) + "\" fill=\"none\" stroke=\"#555\"/>\n";
  svg += text_at((kLeft + right) / 2, bottom + 42, plot.x_label, "middle");
  const double middle = top + kTop + kPlotHeight / 2;
  svg += text_at(22, middle, plot.y_label, "middle", ("transform=\"rotate(-90 22 " + fixed(middle) + ")\"").c_str());

  Labels labels(kLeft, right);
  double legend = top + kTop + 12;
  if (!plot.reference_name.empty()) {
    svg += "<line x1=\"" + fixed(kLeft) + "\" x2=\"" + fixed(right) + "\" y1=\"" + fixed(y.of(plot.reference)) +
           "\" y2=\"" + fixed(y.of(plot.reference)) + "\" stroke=\"#222\" stroke-dasharray=\"6 4\"/>\n";
    svg += "<line x1=\"" + fixed(right + 14) + "\" x2=\"" + fixed(right + 38) + "\" y1=\"" + fixed(legend - 4) +
           "\" y2=\"" + fixed(legend - 4) + "\" stroke=\"#222\" stroke-dasharray=\"6 4\"/>\n";
    svg += text_at(right + 46, legend, plot.reference_name, "start");
    legend += kLine;
  }
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    const PlotSeries& series = plot.series[s];
    const char* colour = kColours[s % kColours.size()];
    if (series.line && series.points.size() > 1) {
      svg += "<polyline fill=\"none\" stroke=\"" + std::string(colour) + "\" stroke-width=\"1.8\" points=\"";
      for (const PlotPoint& p : series.points) svg += fixed(x.of(p.x)) + "," + fixed(y.of(p.y)) + " ";
      svg += "\"/>\n";
    }
    for (const PlotPoint& p : series.points) {
      const double low = p.y - 2 * p.error, high = p.y + 2 * p.error;
      if (p.error > 0 && (plot.y_axis == Axis::linear || low > 0)) {
        const auto inside = [&](double v) { return std::clamp(y.of(v), top + kTop, bottom); };
        svg += "<line x1=\"" + fixed(x.of(p.x)) + "\" x2=\"" + fixed(x.of(p.x)) + "\" y1=\"" + fixed(inside(low)) +
               "\" y2=\"" + fixed(inside(high)) + "\" stroke=\"" + colour + "\" stroke-width=\"1.2\"/>\n";
      }
      svg += marker(s, x.of(p.x), y.of(p.y));
      labels.cover(x.of(p.x), y.of(p.y));
      labels.add(x.of(p.x), y.of(p.y), p.label);
    }
    svg += marker(s, right + 26, legend - 4);
    svg += text_at(right + 46, legend, series.name, "start");
    legend += kLine;
  }
  svg += labels.svg();
  double line = bottom + kBottom + 4;
  for (const std::string& text : wrapped(plot.caption, kCaptionWidth)) {
    svg += text_at(kLeft - 50, line, text, "start", "fill=\"#444\"");
    line += kLine;
  }
  return svg;
}

}  // namespace

std::string to_svg(const Plot& plot) { return to_svg(std::vector<Plot>{plot}); }

std::string to_svg(const std::vector<Plot>& plots) {
  double height = 0;
  std::string body;
  for (const Plot& plot : plots) {
    body += draw(plot, height);
    height += height_of(plot);
  }
  if (plots.empty()) throw std::invalid_argument("[plot] expected at least one plot, got none");
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(kWidth) + "\" height=\"" + number(height) +
         "\" viewBox=\"0 0 " + number(kWidth) + " " + number(height) +
         "\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n"
         "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" + body + "</svg>\n";
}

}  // namespace lacuna::laboratory
