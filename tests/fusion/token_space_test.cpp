#include "fusion/token_space.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "tests/fusion/small_space.h"

namespace lacuna::fusion {
namespace {

TEST(TokenSpace, AcceptsAConsistentSpace) { EXPECT_NO_THROW(small_space().validate()); }

TEST(TokenSpace, SliceFollowsModality) {
  const TokenSpace space = small_space();
  EXPECT_EQ(space.range(Modality::text).begin, 0);
  EXPECT_EQ(space.range(Modality::image).begin, 10);
  EXPECT_TRUE(space.image.contains(25));
  EXPECT_FALSE(space.image.contains(26));
}

TEST(TokenSpace, RefusesEachBrokenRule) {
  const std::function<void(TokenSpace&)> breaks[] = {
      [](TokenSpace& s) { s.size = 0; },          [](TokenSpace& s) { s.text.size = 0; },
      [](TokenSpace& s) { s.image.begin = -1; },  [](TokenSpace& s) { s.image.size = 30; },
      [](TokenSpace& s) { s.image.begin = 9; },   [](TokenSpace& s) { s.mask = 29; },
      [](TokenSpace& s) { s.begin_image = 12; },  [](TokenSpace& s) { s.end_of_text = 10; },
      [](TokenSpace& s) { s.end_image = -1; },
  };
  for (const auto& damage : breaks) {
    TokenSpace space = small_space();
    damage(space);
    EXPECT_THROW(space.validate(), std::invalid_argument);
  }
}

}  // namespace
}  // namespace lacuna::fusion
