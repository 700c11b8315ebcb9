#include "tests/conformance/suite.h"

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

}  // namespace lacuna::conformance
