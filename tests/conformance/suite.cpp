#include "tests/conformance/suite.h"

#include <algorithm>

#include "fusion/graph/block_format.h"

namespace lacuna::conformance {

void expect_conformance(const std::string& op, const MakeExecutor& make, const std::vector<Precision>& precisions) {
  const std::unique_ptr<graph::Executor> executor = make();
  int checked = 0;
  for (const Case& c : all_cases()) {
    if (c.op != op) continue;
    for (Precision precision : precisions) {
      const double tolerance = c.tolerance.at(precision);
      if (tolerance < 0.0) continue;
      SCOPED_TRACE(c.name + " at " + std::string(name_of(precision)) + " on " + executor->name());
      try {
        EXPECT_LE(run_case(c, *executor, precision), tolerance);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "threw: " << error.what();
      }
      ++checked;
    }
  }
  if (checked == 0) GTEST_SKIP() << op << " is not defined at these precisions";
}

void expect_block_conformance(const std::string& op, const MakeExecutor& make) {
  const std::unique_ptr<graph::Executor> executor = make();
  int checked = 0;
  for (const Case& c : all_cases()) {
    if (c.op != op) continue;
    const Problem problem = c.make();
    const auto in_blocks = [](const WeightData& w) { return w.shape.rank() == 2 && w.shape[1] % graph::kBlock == 0; };
    if (std::ranges::none_of(problem.weights, in_blocks)) continue;
    for (Precision precision : {Precision::q8_0, Precision::q4_0, Precision::q4_1}) {
      SCOPED_TRACE(c.name + " at " + std::string(name_of(precision)) + " on " + executor->name());
      try {
        EXPECT_LE(run_case(c, *executor, precision), c.tolerance.f32);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "threw: " << error.what();
      }
      ++checked;
    }
  }
  if (checked == 0) GTEST_SKIP() << op << " has no case with a matrix in blocks";
}

}  // namespace lacuna::conformance
