#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/laboratory/plot.h"

namespace lacuna::laboratory {

/// A cell of a table: a number, or words.
struct Cell {
  Cell(double value) : number(value), is_number(true) {}          // NOLINT: cells are written as they are
  Cell(int value) : number(value), is_number(true) {}             // NOLINT
  Cell(std::string value) : words(std::move(value)) {}            // NOLINT
  Cell(const char* value) : words(value) {}                       // NOLINT

  std::string words;
  double number = 0.0;
  bool is_number = false;

  std::string text() const;
};

/// One claim, whether it holds here, and by which figures.
struct Assertion {
  std::string name;
  bool holds = false;
  std::string evidence;
};

/// What an experiment gives: a table, plots, claims, and what it was run with.
struct Report {
  std::string experiment;
  std::vector<std::pair<std::string, Cell>> settings;
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<Plot> plots;
  std::vector<Assertion> assertions;
  double seconds = 0.0;

  bool all_hold() const;
};

/// RFC 4180: a head line, then the rows; numbers with 10 digits.
std::string to_csv(const Report& report);

/// Lines for a terminal: the table with aligned columns.
std::string to_text(const Report& report);

}  // namespace lacuna::laboratory
