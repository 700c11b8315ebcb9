#include "runtime/laboratory/plot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "runtime/laboratory/report.h"

namespace lacuna::laboratory {
namespace {

Plot example() {
  Plot plot;
  plot.title = "A < B & \"C\"";
  plot.x_label = "steps";
  plot.y_label = "perplexity";
  plot.x_axis = Axis::logarithmic;
  plot.series = {{"one", {{1, 2}, {10, 3, 0.1}}}, {"two", {{100, 5, 0, "here"}}, false}};
  plot.caption = "What was measured.";
  return plot;
}

TEST(Plot, HasTitleAxesLegendAndCaption) {
  const std::string svg = to_svg(example());
  for (const char* part : {"A &lt; B &amp; &quot;C&quot;", ">steps<", ">perplexity<", ">one<", ">two<", ">here<",
                           "What was measured."}) {
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(Plot, OnePointAndEqualValuesAreDrawn) {
  Plot plot = example();
  plot.series = {{"one", {{5, 7}}}};
  EXPECT_EQ(to_svg(plot).find("nan"), std::string::npos);
  plot.series = {{"one", {{5, 0}, {6, 0}}}};
  EXPECT_EQ(to_svg(plot).find("nan"), std::string::npos);
}

TEST(Plot, ANarrowLogarithmicRangeHasTicks) {
  Plot plot = example();
  plot.series = {{"one", {{16, 1}, {16, 2}}}};
  EXPECT_NE(to_svg(plot).find(">16<"), std::string::npos);
  plot.series = {{"one", {{8.3, 1}, {8.9, 2}}}};
  EXPECT_NE(to_svg(plot).find(">8.3<"), std::string::npos);
  EXPECT_NE(to_svg(plot).find(">8.9<"), std::string::npos);
}

TEST(Plot, NamesOfPointsInOnePlaceShareALine) {
  Plot plot = example();
  plot.series = {{"a", {{1, 2, 0, "first"}}}, {"b", {{1, 2, 0, "second"}, {10, 3, 0, "third"}}}};
  const std::string svg = to_svg(plot);
  EXPECT_NE(svg.find(">first, second<"), std::string::npos);
  EXPECT_NE(svg.find(">third<"), std::string::npos);
}

TEST(Plot, BarsLieInsideTheAxes) {
  Plot plot = example();
  plot.series = {{"one", {{1, 5, 2}, {2, 6, 0}}}};
  // From 1 to 9: both ends are values between ticks that are drawn.
  const std::string svg = to_svg(plot);
  EXPECT_NE(svg.find(">2<"), std::string::npos);
  EXPECT_NE(svg.find(">8<"), std::string::npos);
}

TEST(Plot, RefusesWhatHasNoPlaceOnTheAxes) {
  Plot plot = example();
  plot.series[0].points[0].x = 0;
  EXPECT_THROW(to_svg(plot), std::invalid_argument);
  plot.series[0].points[0] = {1, NAN};
  EXPECT_THROW(to_svg(plot), std::invalid_argument);
  plot.series.clear();
  EXPECT_THROW(to_svg(plot), std::invalid_argument);
}

TEST(Report, CsvQuotesAndKeepsNumbers) {
  Report report;
  report.columns = {"name", "value"};
  report.rows = {{"a, \"b\"", 0.125}, {"c", 3}};
  EXPECT_EQ(to_csv(report), "name,value\r\n\"a, \"\"b\"\"\",0.125\r\nc,3\r\n");
  EXPECT_EQ(to_text(report), "name    value\na, \"b\"  0.125\nc           3\n");
}

}  // namespace
}  // namespace lacuna::laboratory
