#include "tools/bench/bench_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace lacuna::bench {
namespace {

using weights::Json;

std::string number(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  return buffer;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

bool is_wrong(const BenchRow& row) {
  return !row.note.empty() || (row.error && row.error_allowed && !(*row.error <= *row.error_allowed));
}

Json row_to_json(const BenchRow& row) {
  Json::Object object{{"suite", row.suite}, {"name", row.name}};
  if (!row.precision.empty()) object.push_back({"precision", row.precision});
  object.push_back({"unit", row.unit});
  object.push_back({"median", row.timing.median});
  object.push_back({"fastest", row.timing.fastest});
  object.push_back({"slowest", row.timing.slowest});
  if (row.gflops) object.push_back({"gflops", *row.gflops});
  if (row.peak_share) object.push_back({"peak_share", *row.peak_share});
  if (row.error && std::isfinite(*row.error)) object.push_back({"error", *row.error});
  if (row.error_allowed) object.push_back({"error_allowed", *row.error_allowed});
  object.push_back({"passed", !is_wrong(row)});
  if (!row.note.empty()) object.push_back({"note", row.note});
  return object;
}

}  // namespace

bool BenchReport::passed() const { return std::ranges::none_of(rows, is_wrong); }

Json to_json(const BenchReport& report) {
  Json::Object peaks;
  for (const auto& peak : report.peaks) peaks.push_back({peak.precision, peak.gflops});
  Json::Array rows;
  for (const BenchRow& row : report.rows) rows.push_back(row_to_json(row));
  return Json::Object{{"threads", report.threads},
                      {"features", report.features},
                      {"register_peak_gflops", std::move(peaks)},
                      {"load_before", report.load_before},
                      {"load_after", report.load_after},
                      {"passed", report.passed()},
                      {"cases", std::move(rows)}};
}

std::string to_table(const BenchReport& report) {
  std::string text = std::to_string(report.threads) + " threads, " + report.features + ", load " +
                     number(report.load_before, 1) + " -> " + number(report.load_after, 1) + "\n";
  for (const auto& peak : report.peaks) {
    text += "register peak " + peak.precision + ": " + number(peak.gflops, 0) + " GFLOP/s\n";
  }
  std::size_t width = 4;
  for (const BenchRow& row : report.rows) width = std::max(width, row.name.size());
  text += "\n" + padded("suite", 13) + padded("case", width + 2) + padded("type", 6) + padded("median", 13) +
          padded("spread", 20) + padded("GFLOP/s", 9) + padded("of peak", 9) + "error\n";
  for (const BenchRow& row : report.rows) {
    text += padded(row.suite, 13) + padded(row.name, width + 2) + padded(row.precision, 6);
    if (!row.note.empty()) {
      text += row.note + "\n";
      continue;
    }
    text += padded(number(row.timing.median, 2) + " " + row.unit, 13) +
            padded(number(row.timing.fastest, 2) + " .. " + number(row.timing.slowest, 2), 20) +
            padded(row.gflops ? number(*row.gflops, 0) : "", 9) +
            padded(row.peak_share ? number(100.0 * *row.peak_share, 0) + " %" : "", 9);
    if (row.error) text += number(*row.error, 5) + (is_wrong(row) ? " WRONG" : "");
    text += "\n";
  }
  return text;
}

}  // namespace lacuna::bench
