#include "fusion/training/denoiser_batch.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "fusion/models/lacuna_family.h"
#include "tests/training/toy_tokens.h"

namespace lacuna::training {
namespace {

constexpr int kGrid = 2;

class DenoiserBatchTest : public testing::Test {
 protected:
  DenoiserBatchTest() {
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("lacuna_batches_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    write_toy_tokens(folder_, 10, kGrid);
    shards_ = std::make_shared<const ShardSet>(ShardSet::open(folder_));
    fusion::LacunaSizes sizes;
    sizes.text_vocabulary = shards_->layout().text_vocabulary;
    sizes.codebook = 16;
    sizes.end_of_text = 2;
    sizes.text_length = shards_->layout().text_length;
    sizes.grid = kGrid;
    sizes.width = 32;
    sizes.heads = 1;
    config_ = fusion::make_lacuna_config(sizes);
  }
  ~DenoiserBatchTest() override { std::filesystem::remove_all(folder_); }
  BatchBuilder builder(const BatchOptions& options, std::uint64_t seed = 1) const {
    return {shards_, config_.tokens, config_.sizes, options, seed};
  }
  static BatchOptions only(Task task) {
    BatchOptions options;
    for (double& w : options.task_weights) w = 0;
    options.task_weights[int(task)] = 1;
    options.caption_dropout = 0;
    return options;
  }
  /// Places of one sample's rows of a modality that are scored.
  static std::vector<std::size_t> real_rows(const ScoredRows& scored) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < scored.rows.size(); ++i) {
      if (scored.weights[i] > 0) places.push_back(i);
    }
    return places;
  }

  std::filesystem::path folder_;
  std::shared_ptr<const ShardSet> shards_;
  fusion::LacunaConfig config_;
};

TEST_F(DenoiserBatchTest, ScoresExactlyTheMaskedPositionsWithTheirTokens) {
  const fusion::TokenSpace& space = config_.tokens;
  for (const Task task : {Task::text_to_image, Task::captioning, Task::joint, Task::text_only}) {
    const BatchBuilder b = builder(only(task));
    for (std::int64_t pass = 0; pass < 20; ++pass) {
      const DenoiserBatch batch = b.training({1, pass, 0, 6, 6});
      ASSERT_EQ(std::int64_t(batch.ids.size()), 6 * b.length());
      std::set<std::int32_t> scored;
      for (const ScoredRows* rows : {&batch.text, &batch.image}) {
        EXPECT_EQ(rows->rows.size(), rows->targets.size());
        for (const std::size_t i : real_rows(*rows)) {
          EXPECT_EQ(batch.ids[std::size_t(rows->rows[i])], space.mask);
          EXPECT_TRUE(scored.insert(rows->rows[i]).second);
          EXPECT_GE(rows->targets[i], 0);
          EXPECT_LT(rows->targets[i], rows == &batch.text ? space.text.size : space.image.size);
        }
      }
      const bool scores_text = task != Task::text_to_image, scores_image = task == Task::text_to_image || task == Task::joint;
      EXPECT_EQ(real_rows(batch.text).empty(), !scores_text);
      EXPECT_EQ(real_rows(batch.image).empty(), !scores_image);
      std::size_t masked = 0;
      for (const std::int32_t id : batch.ids) masked += id == space.mask;
      // The picture of a text-only sample is hidden and not scored.
      const std::size_t hidden = task == Task::text_only ? 6U * kGrid * kGrid : 0U;
      EXPECT_EQ(masked, scored.size() + hidden);
    }
  }
}

TEST_F(DenoiserBatchTest, DroppedCaptionsAreHiddenAndNotScored) {
  BatchOptions options = only(Task::text_to_image);
  options.caption_dropout = 1;
  const BatchBuilder b = builder(options);
  const DenoiserBatch batch = b.training({1, 0, 0, 4, 4});
  EXPECT_TRUE(batch.text.rows.empty());
  for (int sample = 0; sample < 4; ++sample) {
    for (int i = 0; i < config_.sizes.text_length; ++i) {
      EXPECT_EQ(batch.ids[std::size_t(sample * b.length() + i)], config_.tokens.mask);
    }
  }
  options.caption_dropout = 0.25;
  int dropped = 0;
  const BatchBuilder some = builder(options);
  for (std::int64_t pass = 0; pass < 400; ++pass) {
    dropped += some.training({1, pass, 0, 1, 1}).ids[0] == config_.tokens.mask;
  }
  EXPECT_NEAR(dropped / 400.0, 0.25, 0.1);
}

TEST_F(DenoiserBatchTest, CaptioningHidesUpToThePartAsked) {
  BatchOptions options = only(Task::captioning);
  options.picture_dropout = 0.5;
  const BatchBuilder plain = builder(only(Task::captioning)), b = builder(options);
  double hidden = 0, largest = 0;
  for (std::int64_t pass = 0; pass < 500; ++pass) {
    const DenoiserBatch with = b.training({1, pass, 0, 1, 1}), without = plain.training({1, pass, 0, 1, 1});
    EXPECT_EQ(with.text.rows, without.text.rows);
    EXPECT_EQ(with.text.targets, without.text.targets);
    EXPECT_TRUE(with.image.rows.empty());
    double count = 0;
    for (std::size_t i = 0; i < with.ids.size(); ++i) {
      if (with.ids[i] == without.ids[i]) continue;
      EXPECT_EQ(with.ids[i], config_.tokens.mask);
      ++count;
    }
    hidden += count / (kGrid * kGrid) / 500;
    largest = std::max(largest, count / (kGrid * kGrid));
  }
  EXPECT_NEAR(hidden, 0.25, 0.04);
  EXPECT_GT(largest, 0.4);
}

TEST_F(DenoiserBatchTest, DrawsOnlyTheVersionsAsked) {
  for (const Task task : {Task::text_to_image, Task::joint, Task::captioning}) {
    BatchOptions options = only(task);
    options.drawing_copies = 1;
    const BatchBuilder b = builder(options);
    std::set<std::vector<std::int32_t>> first_versions;
    std::vector<std::int32_t> codes(kGrid * kGrid);
    for (const std::int64_t record : shards_->records_of(Split::train)) {
      shards_->read_codes(record, 0, codes);
      first_versions.insert(codes);
    }
    bool others = false;
    for (std::int64_t pass = 0; pass < 200; ++pass) {
      const DenoiserBatch batch = b.training({1, pass, 0, 1, 1});
      std::vector<std::int32_t> ids = batch.ids;
      for (const std::size_t i : real_rows(batch.image)) {
        ids[std::size_t(batch.image.rows[i])] = config_.tokens.image.begin + batch.image.targets[i];
      }
      const auto image = fusion::layout_joint(config_.tokens, config_.sizes).span(fusion::Modality::image);
      for (int i = 0; i < kGrid * kGrid; ++i) {
        codes[std::size_t(i)] = ids[std::size_t(image.begin + i)] - config_.tokens.image.begin;
      }
      others |= !first_versions.contains(codes);
    }
    EXPECT_EQ(others, task == Task::captioning);
  }
}

TEST_F(DenoiserBatchTest, TasksAndWordingsComeAsOftenAsAsked) {
  BatchOptions options;
  options.task_weights[0] = 2;
  options.task_weights[1] = 1;
  options.task_weights[2] = 1;
  options.task_weights[3] = 0;
  options.caption_dropout = 0;
  const BatchBuilder b = builder(options);
  double text = 0, image = 0;
  for (std::int64_t pass = 0; pass < 2000; ++pass) {
    const DenoiserBatch batch = b.training({3, pass, 0, 1, 1});
    text += !batch.text.rows.empty();
    image += !batch.image.rows.empty();
  }
  EXPECT_NEAR(text / 2000, 0.5, 0.05);
  EXPECT_NEAR(image / 2000, 0.75, 0.05);
}

TEST_F(DenoiserBatchTest, SplittingABatchOverProcessesChangesNothing) {
  const BatchBuilder b = builder(BatchOptions());
  for (std::int64_t pass = 0; pass < 5; ++pass) {
    const DenoiserBatch whole = b.training({1, pass, 0, 8, 8});
    std::vector<std::int32_t> ids;
    double whole_weight = 0, parts_weight = 0;
    for (const float w : whole.image.weights) whole_weight += w;
    for (std::int64_t rank = 0; rank < 2; ++rank) {
      const DenoiserBatch part = b.training({1, pass, rank * 4, 4, 8});
      ids.insert(ids.end(), part.ids.begin(), part.ids.end());
      for (const float w : part.image.weights) parts_weight += w / 2;
    }
    EXPECT_EQ(ids, whole.ids);
    EXPECT_NEAR(whole_weight, parts_weight, 1e-6);
  }
}

TEST_F(DenoiserBatchTest, BatchesMadeAheadAreTheSame) {
  const BatchBuilder b = builder(BatchOptions());
  BatchPrefetcher ahead(b, 3);
  for (const std::int64_t pass : {0, 1, 2, 3, 7, 8, 2}) {
    const DenoiserBatch expected = b.training({1, pass, 0, 4, 4}), got = ahead.get({1, pass, 0, 4, 4});
    EXPECT_EQ(got.ids, expected.ids);
    EXPECT_EQ(got.image.rows, expected.image.rows);
    EXPECT_EQ(got.text.weights, expected.text.weights);
  }
}

TEST_F(DenoiserBatchTest, PaddingTokensCountLess) {
  BatchOptions options = only(Task::captioning);
  options.padding_weight = 0.25;
  const BatchBuilder b = builder(options);
  bool seen = false;
  for (std::int64_t pass = 0; pass < 200; ++pass) {
    const DenoiserBatch batch = b.training({1, pass, 0, 1, 1});
    // Of a fully masked span, so that all weights are there.
    if (real_rows(batch.text).size() != 5) continue;
    seen = true;
    std::map<std::int32_t, float> by_row;
    for (const std::size_t i : real_rows(batch.text)) by_row[batch.text.rows[i]] = batch.text.weights[i];
    int words = 0;
    for (const std::size_t i : real_rows(batch.text)) words += batch.text.targets[i] != 2;
    const double total = words + 1 + 0.25 * (4 - words);
    double sum = 0;
    for (const auto& [row, weight] : by_row) {
      EXPECT_NEAR(weight, (row <= words ? 1.0 : 0.25) / total, 1e-6);
      sum += weight;
    }
    EXPECT_NEAR(sum, 1.0, 1e-6);
  }
  EXPECT_TRUE(seen);
}

/// What a time-independent network might say: depends on which positions are visible and on the target.
double planted_cross_entropy(unsigned visible, int position, std::int32_t target) {
  return 0.2 + 0.1 * target + 1.5 / (1 + std::popcount(visible)) + 0.3 * double((visible >> ((position + 1) % 4)) & 1);
}

TEST_F(DenoiserBatchTest, BothObjectivesHaveTheSameExpectation) {
  // The exact bound of each training picture by enumeration of all masks: sum over masks M of
  // (1 / n) / C(L, n) * sum of the cross-entropies in M, for n = |M|.
  constexpr int kLength = kGrid * kGrid;
  const auto exact = [&](std::span<const std::int32_t> codes) {
    double sum = 0;
    for (unsigned mask = 1; mask < (1u << kLength); ++mask) {
      const int n = std::popcount(mask);
      const double ways = std::tgamma(kLength + 1) / std::tgamma(n + 1) / std::tgamma(kLength - n + 1);
      const unsigned visible = ~mask & ((1u << kLength) - 1);
      for (int l = 0; l < kLength; ++l) {
        if (mask >> l & 1) sum += planted_cross_entropy(visible, l, codes[std::size_t(l)]) / (n * ways);
      }
    }
    return sum / kLength;  // nats a token
  };
  double expected = 0, weight = 0;
  for (const std::int64_t record : shards_->records_of(Split::train)) {
    const RecordInfo info = shards_->info(record);
    std::vector<std::int32_t> codes(kLength);
    for (int p = 0; p < info.pictures; ++p) {
      shards_->read_codes(record, p, codes);
      expected += info.weight / info.pictures * exact(codes);
    }
    weight += info.weight;
  }
  expected /= weight;

  for (const auto& [objective, schedule] :
       {std::pair{Objective::token_count, fusion::ScheduleKind::linear},
        {Objective::continuous_time, fusion::ScheduleKind::linear},
        {Objective::continuous_time, fusion::ScheduleKind::cosine},
        {Objective::continuous_time, fusion::ScheduleKind::polynomial}}) {
    BatchOptions options = only(Task::text_to_image);
    options.objective = objective;
    options.schedule = fusion::NoiseSchedule(schedule);
    const BatchBuilder b = builder(options);
    constexpr int kPasses = 3000, kBatch = 16;
    double sum = 0, squares = 0;
    for (std::int64_t pass = 0; pass < kPasses; ++pass) {
      const DenoiserBatch batch = b.training({9, pass, 0, kBatch, kBatch});
      double loss = 0;
      for (const std::size_t i : real_rows(batch.image)) {
        const std::int64_t sample = batch.image.rows[i] / b.length();
        const std::int64_t begin = sample * b.length() + config_.sizes.text_length + 1;
        unsigned visible = 0;
        for (int l = 0; l < kLength; ++l) {
          visible |= unsigned(batch.ids[std::size_t(begin + l)] != config_.tokens.mask) << l;
        }
        loss += batch.image.weights[i] * planted_cross_entropy(visible, int(batch.image.rows[i] - begin), batch.image.targets[i]);
      }
      sum += loss;
      squares += loss * loss;
    }
    const double mean = sum / kPasses, deviation = std::sqrt((squares / kPasses - mean * mean) / kPasses);
    EXPECT_NEAR(mean, expected, 5 * deviation) << int(objective) << " " << int(schedule);
    EXPECT_LT(deviation, 0.02 * expected);
  }
}

TEST_F(DenoiserBatchTest, EvaluationIsTheMeanBoundOfTheGivenRecords) {
  const BatchBuilder b = builder(BatchOptions());
  const auto& records = shards_->records_of(Split::val_cross);
  const auto count = std::int64_t(records.size());
  const DenoiserBatch batch = b.evaluation(records, Task::captioning, {5, 0, 0, count, count});
  double sum = 0;
  for (const float w : batch.text.weights) sum += w;
  EXPECT_NEAR(sum, 1.0, 1e-5);  // a network that is wrong by 1 nat everywhere has a bound of 1 nat
  EXPECT_TRUE(batch.image.rows.empty());
}

TEST_F(DenoiserBatchTest, RefusesShardsOfAnotherShape) {
  fusion::LayoutSizes sizes = config_.sizes;
  sizes.text_length += 1;
  EXPECT_THROW(BatchBuilder(shards_, config_.tokens, sizes, BatchOptions(), 1), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::training
