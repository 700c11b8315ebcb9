#include "fusion/canvas.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <vector>

#include "tests/fusion/small_space.h"

namespace lacuna::fusion {
namespace {

Canvas text_and_picture() {
  const TokenSpace space = small_space();
  Canvas canvas;
  canvas.append_span(space, Modality::text, std::vector<std::int32_t>{5, 26, 2});
  canvas.append_frame(space.begin_image);
  canvas.append_span(space, Modality::image, std::vector<std::int32_t>{26, 11, 12, 26}, 2, 2);
  canvas.append_frame(space.end_image);
  return canvas;
}

TEST(Canvas, KnowsWhatIsMasked) {
  const Canvas canvas = text_and_picture();
  EXPECT_EQ(canvas.size(), 9);
  EXPECT_EQ(canvas.masked_count(), 3);
  EXPECT_EQ(canvas.masked_positions(Modality::text), std::vector{1});
  EXPECT_EQ(canvas.masked_positions(Modality::image), (std::vector{4, 7}));
  EXPECT_EQ(canvas.states()[3], PositionState::frame);
}

TEST(Canvas, RefusesToChangeGivenAndFramePositions) {
  Canvas canvas = text_and_picture();
  for (int position : {0, 2, 3, 5, 8, -1, 9}) {
    EXPECT_THROW(canvas.reveal(position, 5), std::invalid_argument) << position;
    EXPECT_THROW(canvas.remask(position), std::invalid_argument) << position;
  }
}

TEST(Canvas, WhatIsGivenStays) {
  Canvas canvas = text_and_picture();
  EXPECT_THROW(canvas.give(1, 26), std::invalid_argument);  // the mask
  EXPECT_THROW(canvas.give(0, 5), std::invalid_argument);
  canvas.give(1, 5);
  EXPECT_EQ(canvas.ids()[1], 5);
  EXPECT_EQ(canvas.masked_count(), 2);
  EXPECT_THROW(canvas.reveal(1, 6), std::invalid_argument);
  EXPECT_THROW(canvas.remask(1), std::invalid_argument);
}

TEST(Canvas, RevealsOnlyIdsOfTheModality) {
  Canvas canvas = text_and_picture();
  EXPECT_THROW(canvas.reveal(1, 12), std::invalid_argument);
  EXPECT_THROW(canvas.reveal(4, 5), std::invalid_argument);
  EXPECT_THROW(canvas.reveal(4, 26), std::invalid_argument);
  canvas.reveal(4, 25);
  EXPECT_EQ(canvas.ids()[4], 25);
  EXPECT_EQ(canvas.masked_count(), 2);
  canvas.remask(4);
  EXPECT_EQ(canvas.ids()[4], 26);
  EXPECT_EQ(canvas.masked_count(), 3);
}

TEST(Canvas, UnconditionalBranchMasksOneModalityAlone) {
  const Canvas canvas = text_and_picture();
  EXPECT_EQ(canvas.ids_without(Modality::text), (std::vector<std::int32_t>{26, 26, 26, 27, 26, 11, 12, 26, 28}));
  EXPECT_EQ(canvas.ids_without(Modality::image), (std::vector<std::int32_t>{5, 26, 2, 27, 26, 26, 26, 26, 28}));
}

TEST(Canvas, RefusesIdsOfAnotherModalityAndBadGrids) {
  const TokenSpace space = small_space();
  Canvas canvas;
  EXPECT_THROW(canvas.append_span(space, Modality::text, std::vector<std::int32_t>{12}), std::invalid_argument);
  EXPECT_THROW(canvas.append_span(space, Modality::image, std::vector<std::int32_t>{12}, 2, 2),
               std::invalid_argument);
  EXPECT_EQ(canvas.size(), 0);
}

TEST(Canvas, RandomMovesNeverTouchGivenPositionsAndCountStaysRight) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Canvas canvas = text_and_picture();
    const std::vector before(canvas.ids().begin(), canvas.ids().end());
    const std::vector given(canvas.states().begin(), canvas.states().end());
    for (int move = 0; move < 50; ++move) {
      const int position = int(random() % 11) - 1;
      const auto id = std::int32_t(random() % 29);
      try {
        random() % 2 ? canvas.reveal(position, id) : canvas.remask(position);
      } catch (const std::invalid_argument&) {
      }
    }
    int masked = 0;
    for (int i = 0; i < canvas.size(); ++i) {
      const auto state = canvas.states()[std::size_t(i)];
      masked += state == PositionState::masked;
      EXPECT_EQ(state == PositionState::masked, canvas.ids()[std::size_t(i)] == 26);
      if (given[std::size_t(i)] == PositionState::masked) continue;
      EXPECT_EQ(canvas.ids()[std::size_t(i)], before[std::size_t(i)]);
      EXPECT_EQ(state, given[std::size_t(i)]);
    }
    EXPECT_EQ(masked, canvas.masked_count());
  }
}

}  // namespace
}  // namespace lacuna::fusion
