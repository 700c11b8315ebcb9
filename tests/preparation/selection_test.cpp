#include "runtime/preparation/selection.h"

#include <gtest/gtest.h>

namespace lacuna::preparation {
namespace {

std::vector<CaptionRow> rows() {
  std::vector<CaptionRow> out;
  for (int i = 0; i < 60; ++i) {
    CaptionRow row;
    row.line = i + 2;
    row.tier = i % 2 ? "emoji" : "icon";
    row.set = i % 3 ? "noto" : "twemoji";
    row.split = static_cast<training::Split>(i % 5 < 3 ? 0 : i % 5 - 2);
    row.tone = i % 10 == 1 ? "3" : "";
    row.weight = float(i) / 60;
    out.push_back(row);
  }
  return out;
}

template <typename Change>
Selection selection(Change change) {
  Selection out;
  change(out);
  return out;
}

template <typename Keeps>
void expect_kept(const Selection& selection, Keeps keeps) {
  std::vector<CaptionRow> expected;
  for (const CaptionRow& row : rows()) {
    if (keeps(row)) expected.push_back(row);
  }
  ASSERT_FALSE(expected.empty());
  ASSERT_LT(expected.size(), rows().size());
  EXPECT_EQ(select(rows(), selection), expected);
}

TEST(Selection, EachRule) {
  EXPECT_EQ(select(rows(), {}), rows());
  expect_kept(selection([](auto& s) { s.tiers = {"emoji"}; }),
              [](auto& r) { return r.tier == "emoji"; });
  expect_kept(selection([](auto& s) { s.sets = {"twemoji"}; }),
              [](auto& r) { return r.set == "twemoji"; });
  expect_kept(selection([](auto& s) {
                s.splits = {"val_cross", "val_concept"};
              }),
              [](auto& r) { return r.split != training::Split::train; });
  expect_kept(selection([](auto& s) { s.tones = Tones::leave_out; }),
              [](auto& r) { return r.tone.empty(); });
  expect_kept(selection([](auto& s) { s.min_weight = 0.5f; }),
              [](auto& r) { return r.weight >= 0.5f; });
}

TEST(Selection, LimitSpreadsOverTheRows) {
  for (const std::int64_t limit : {1, 7, 59, 60, 100}) {
    const auto kept = select(rows(), selection([&](auto& s) { s.limit = limit; }));
    ASSERT_EQ(std::int64_t(kept.size()), std::min<std::int64_t>(limit, 60));
    for (std::size_t i = 1; i < kept.size(); ++i) {
      const int step = kept[i].line - kept[i - 1].line;
      EXPECT_GE(step, 60 / int(kept.size()));
      EXPECT_LE(step, 60 / int(kept.size()) + 1);
    }
  }
}

TEST(Selection, RefusesNonsense) {
  EXPECT_THROW(selection([](auto& s) { s.splits = {"test"}; }).validate(), std::invalid_argument);
  EXPECT_THROW(selection([](auto& s) { s.min_weight = -1; }).validate(), std::invalid_argument);
  EXPECT_THROW(selection([](auto& s) { s.limit = -1; }).validate(), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::preparation
