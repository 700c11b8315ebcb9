#include "tools/lacuna/output_path.h"

#include <gtest/gtest.h>

#include "tools/lacuna/failure.h"

namespace lacuna::tools {
namespace {

using Paths = std::vector<std::string>;

TEST(OutputPaths, OneFileKeepsItsName) {
  EXPECT_EQ(output_paths("a.png", 1), Paths{"a.png"});
  EXPECT_EQ(output_paths("-", 1), Paths{"-"});
  EXPECT_EQ(output_paths("100%.png", 1), Paths{"100%.png"});
}

TEST(OutputPaths, SeveralAreNumberedFromOne) {
  EXPECT_EQ(output_paths("out/a.b.png", 2), (Paths{"out/a.b-1.png", "out/a.b-2.png"}));
  EXPECT_EQ(output_paths("x%03d.png", 2), (Paths{"x001.png", "x002.png"}));
  EXPECT_EQ(output_paths("%d/x.png", 2), (Paths{"1/x.png", "2/x.png"}));
  EXPECT_EQ(output_paths("x%d", 12).back(), "x12");
}

TEST(OutputPaths, RefusesOtherPatterns) {
  EXPECT_THROW(output_paths("%d-%d.png", 2), Failure);
  EXPECT_THROW(output_paths("-", 2), Failure);
  EXPECT_THROW(output_paths("%d%s.png", 2), Failure);
}

}  // namespace
}  // namespace lacuna::tools
