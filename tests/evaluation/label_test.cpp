#include "runtime/evaluation/label.h"

#include <gtest/gtest.h>

namespace lacuna::evaluation {
namespace {

TEST(Label, IsWhatFollowsTheStyle) {
  EXPECT_EQ(label_of("3d emoji: goat"), "goat");
  EXPECT_EQ(label_of("goat"), "goat");
  EXPECT_EQ(label_of("twemoji: flag of Morocco "), "flag of morocco");
  EXPECT_EQ(label_of("noto emoji:  woman  artist"), "woman artist");
  EXPECT_EQ(label_of("icon: ratio 4: 3"), "ratio 4: 3");
  EXPECT_EQ(label_of("ten:thirty"), "ten:thirty");
  EXPECT_EQ(label_of(""), "");
}

}  // namespace
}  // namespace lacuna::evaluation
