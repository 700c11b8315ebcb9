#include "runtime/laboratory/report.h"

#include <algorithm>
#include <cstdio>

namespace lacuna::laboratory {
namespace {

std::string printed(double value, const char* format) {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string Cell::text() const { return is_number ? printed(number, "%.5g") : words; }

bool Report::all_hold() const {
  return std::ranges::all_of(assertions, &Assertion::holds);
}

std::string to_csv(const Report& report) {
  std::string csv;
  for (std::size_t c = 0; c < report.columns.size(); ++c) csv += (c ? "," : "") + quoted(report.columns[c]);
  csv += "\r\n";
  for (const auto& row : report.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      csv += (c ? "," : "") + (row[c].is_number ? printed(row[c].number, "%.10g") : quoted(row[c].words));
    }
    csv += "\r\n";
  }
  return csv;
}

std::string to_text(const Report& report) {
  std::vector<std::size_t> widths;
  for (const std::string& column : report.columns) widths.push_back(column.size());
  for (const auto& row : report.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].text().size());
  }
  std::string text;
  const auto add = [&](const std::string& cell, std::size_t width, bool right) {
    const std::string pad(width > cell.size() ? width - cell.size() : 0, ' ');
    text += (right ? pad + cell : cell + pad) + "  ";
  };
  const auto end_line = [&] {
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  };
  for (std::size_t c = 0; c < widths.size(); ++c) {
    add(report.columns[c], widths[c], !report.rows.empty() && report.rows[0][c].is_number);
  }
  end_line();
  for (const auto& row : report.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) add(row[c].text(), widths[c], row[c].is_number);
    end_line();
  }
  return text;
}

}  // namespace lacuna::laboratory
