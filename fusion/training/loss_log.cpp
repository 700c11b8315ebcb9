#include "fusion/training/loss_log.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::training {
namespace {

constexpr std::uint64_t kMaxLogBytes = std::uint64_t{1} << 30;
constexpr int kWidth = 900, kHeight = 480, kLeft = 70, kRight = 150, kTop = 20, kBottom = 40;
constexpr const char* kColours[] = {"#1b6ca8", "#d1495b", "#3a7d44", "#8a5a9e", "#c98a1b", "#4a4a4a"};

std::string text_of(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

std::string short_text(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 3);
  return {buffer, end.ptr};
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

/// Maps steps and values to picture coordinates.
struct Axes {
  double x0, x1, y0, y1;
  bool logarithmic;

  double x(double step) const { return kLeft + (step - x0) / std::max(1e-12, x1 - x0) * (kWidth - kLeft - kRight); }
  double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  double y(double value) const {
    return kHeight - kBottom - (scaled(value) - y0) / std::max(1e-12, y1 - y0) * (kHeight - kTop - kBottom);
  }
};

}  // namespace

LossLog::LossLog(std::filesystem::path file, std::int64_t last_step) : file_(std::move(file)) {
  std::error_code error;
  if (last_step >= 0 && std::filesystem::exists(file_)) load(last_step);
  else std::filesystem::remove(file_, error);
}

void LossLog::load(std::int64_t last_step) {
  std::istringstream stream(weights::read_regular_file(file_, kMaxLogBytes));
  std::string line, kept;
  if (!std::getline(stream, line)) return;
  kept = line + "\n";
  columns_ = split(line);
  if (!columns_.empty()) columns_.erase(columns_.begin());
  while (std::getline(stream, line)) {
    const auto cells = split(line);
    if (cells.size() != columns_.size() + 1) break;  // cut off by a crash
    const std::int64_t step = std::strtoll(cells[0].c_str(), nullptr, 10);
    if (step > last_step) break;
    std::vector<double> values;
    for (std::size_t i = 1; i < cells.size(); ++i) values.push_back(std::strtod(cells[i].c_str(), nullptr));
    rows_.push_back({step, std::move(values)});
    kept += line + "\n";
  }
  weights::write_file_atomic(file_, kept);
}

void LossLog::add(std::int64_t step, const Row& row) {
  std::ofstream stream(file_, std::ios::app);
  if (rows_.empty() && columns_.empty()) {
    stream << "step";
    for (const auto& [name, value] : row) {
      columns_.push_back(name);
      stream << ',' << name;
    }
    stream << '\n';
  }
  if (row.size() != columns_.size()) throw std::invalid_argument("[LossLog] expected the columns of the first row");
  std::vector<double> values;
  stream << step;
  for (const auto& [name, value] : row) {
    values.push_back(value);
    stream << ',' << text_of(value);
  }
  stream << '\n';
  stream.flush();
  if (!stream) throw weights::IoError(file_, "cannot write", errno);
  rows_.push_back({step, std::move(values)});
}

void LossLog::draw(const std::filesystem::path& svg, const std::vector<std::string>& columns) const {
  std::vector<std::size_t> chosen;
  for (const auto& name : columns) {
    const auto found = std::find(columns_.begin(), columns_.end(), name);
    if (found != columns_.end()) chosen.push_back(std::size_t(found - columns_.begin()));
  }
  if (chosen.empty() || rows_.empty()) return;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const auto& [step, values] : rows_) {
    for (const std::size_t c : chosen) {
      if (!std::isfinite(values[c])) continue;
      low = std::min(low, values[c]);
      high = std::max(high, values[c]);
    }
  }
  if (!(low <= high)) return;
  Axes axes{double(rows_.front().first), double(rows_.back().first), 0, 0, low > 0};
  axes.y0 = axes.scaled(low);
  axes.y1 = axes.scaled(high);
  if (axes.y1 - axes.y0 < 1e-9) axes.y1 = axes.y0 + 1;
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(kWidth) + "\" height=\"" +
                    std::to_string(kHeight) + "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (int i = 0; i <= 5; ++i) {
    const double at = axes.y0 + (axes.y1 - axes.y0) * i / 5, value = axes.logarithmic ? std::pow(10.0, at) : at;
    const std::string y = short_text(axes.y(value));
    out += "<line x1=\"" + std::to_string(kLeft) + "\" x2=\"" + std::to_string(kWidth - kRight) + "\" y1=\"" + y +
           "\" y2=\"" + y + "\" stroke=\"#ddd\"/><text x=\"" + std::to_string(kLeft - 6) + "\" y=\"" + y +
           "\" text-anchor=\"end\">" + short_text(value) + "</text>\n";
    const double step = axes.x0 + (axes.x1 - axes.x0) * i / 5;
    out += "<text x=\"" + text_of(std::round(axes.x(step))) + "\" y=\"" + std::to_string(kHeight - 14) +
           "\" text-anchor=\"middle\">" + text_of(std::round(step)) + "</text>\n";
  }
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    const std::string colour = kColours[k % std::size(kColours)];
    out += "<polyline fill=\"none\" stroke=\"" + colour + "\" points=\"";
    for (const auto& [step, values] : rows_) {
      const double value = values[chosen[k]];
      if (!std::isfinite(value)) continue;
      out += text_of(std::round(axes.x(double(step)) * 10) / 10) + "," +
             text_of(std::round(axes.y(value) * 10) / 10) + " ";
    }
    out += "\"/>\n<text x=\"" + std::to_string(kWidth - kRight + 10) + "\" y=\"" + std::to_string(kTop + 16 * int(k + 1)) +
           "\" fill=\"" + colour + "\">" + columns_[chosen[k]] + "</text>\n";
  }
  weights::write_file_atomic(svg, out + "</svg>\n");
}

}  // namespace lacuna::training
