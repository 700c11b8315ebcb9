#include "fusion/training/text_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>

#include "fusion/models/lacuna_family.h"
#include "tests/training/toy_tokens.h"

namespace lacuna::training {
namespace {

constexpr int kLength = 5;

std::shared_ptr<const TokenStream> toy_stream() {
  auto stream = std::make_shared<TokenStream>();
  stream->vocabulary = 7;
  stream->end_of_text = 6;
  for (int i = 0; i < 60; ++i) stream->train.push_back((i * i + 3 * i) % 6);
  for (int i = 0; i < 23; ++i) stream->held_out.push_back((i * i + i) % 6);
  return stream;
}

fusion::TokenSpace toy_space() {
  fusion::LacunaTextSizes sizes;
  sizes.vocabulary = 7;
  sizes.end_of_text = 6;
  sizes.length = kLength;
  sizes.width = 32;
  return fusion::make_lacuna_text_config(sizes).tokens;
}

TextBatchBuilder builder(const TextBatchOptions& options) { return {toy_stream(), toy_space(), kLength, options}; }

TextBatchOptions of(Objective objective) {
  TextBatchOptions options;
  options.objective = objective;
  return options;
}

TEST(TextBatch, ScoresTheMaskedPositionsAndNoOthers) {
  const auto space = toy_space();
  for (const Objective objective : {Objective::token_count, Objective::continuous_time, Objective::maskgit, Objective::mask_predict}) {
    for (const int shift : {0, 1}) {
      TextBatchOptions options = of(objective);
      options.logit_shift = shift;
      const auto b = builder(options);
      for (std::int64_t pass = 0; pass < 30; ++pass) {
        const TextBatch batch = b.training({1, pass, 0, 3, 3}, 0);
        ASSERT_EQ(batch.sequences, 3);
        ASSERT_EQ(batch.length, kLength + 1);
        EXPECT_TRUE(batch.bias.empty());
        std::set<std::int32_t> scored;
        for (const std::int32_t row : batch.rows) EXPECT_TRUE(scored.insert(row + shift).second);
        for (std::size_t i = 0; i < batch.ids.size(); ++i) {
          EXPECT_EQ(batch.ids[i] == space.mask, scored.contains(std::int32_t(i)));
          EXPECT_EQ(batch.ids[i] == space.begin_image, i % (kLength + 1) == 0);
          EXPECT_EQ(batch.places[i], std::int32_t(i % (kLength + 1)));
        }
      }
    }
  }
}

TEST(TextBatch, WeightsAreThoseOfThePapers) {
  std::vector<double> counts(kLength + 1, 0.0), maskgit(kLength + 1, 0.0);
  constexpr int kPasses = 400, kBatch = 10;
  for (std::int64_t pass = 0; pass < kPasses; ++pass) {
    for (const Objective objective : {Objective::token_count, Objective::mask_predict, Objective::maskgit}) {
      const TextBatch batch = builder(of(objective)).training({2, pass, 0, kBatch, kBatch}, 0);
      std::vector<int> masked(kBatch, 0);
      for (const auto s : batch.sample) ++masked[std::size_t(s)];
      for (std::size_t i = 0; i < batch.rows.size(); ++i) {
        const double n = masked[std::size_t(batch.sample[i])];
        const double expected = objective == Objective::mask_predict ? 2.0 / (kLength + 1) : 1 / n;
        EXPECT_NEAR(batch.weights[i] * kBatch, expected, 1e-6);
      }
      for (const int n : masked) (objective == Objective::maskgit ? maskgit : counts)[std::size_t(n)] += objective == Objective::mask_predict ? 0 : 1;
    }
  }
  for (int n = 1; n <= kLength; ++n) {
    EXPECT_NEAR(counts[std::size_t(n)] / (kPasses * kBatch), 1.0 / kLength, 0.01);
    // P(ceil(cos(pi u / 2) L) = n) = 2/pi (arccos((n-1)/L) - arccos(n/L))
    const double expected = 2 / M_PI * (std::acos((n - 1.0) / kLength) - std::acos(double(n) / kLength));
    EXPECT_NEAR(maskgit[std::size_t(n)] / (kPasses * kBatch), expected, 0.01);
  }
}

/// What a network that is told the time might say.
double planted_loss(unsigned visible, int position, double time) {
  return 0.3 + 0.2 * position + 1.0 / (1 + std::popcount(visible)) + 0.3 * double(visible >> ((position + 1) % kLength) & 1) +
         0.8 * time * time;
}

TEST(TextBatch, BothFormsOfTheBoundAgreeWithAndWithoutTime) {
  for (const double time_counts : {0.0, 1.0}) {
    double means[2], errors[2];
    for (const Objective objective : {Objective::token_count, Objective::continuous_time}) {
      const auto b = builder(of(objective));
      constexpr int kPasses = 4000, kBatch = 8;
      double sum = 0, squares = 0;
      for (std::int64_t pass = 0; pass < kPasses; ++pass) {
        const TextBatch batch = b.training({9, pass, 0, kBatch, kBatch}, 0);
        double loss = 0;
        for (std::size_t i = 0; i < batch.rows.size(); ++i) {
          const auto first = std::size_t(batch.sample[i]) * (kLength + 1) + 1;
          unsigned visible = 0;
          for (int l = 0; l < kLength; ++l) visible |= unsigned(batch.ids[first + std::size_t(l)] != toy_space().mask) << l;
          loss += double(batch.weights[i]) *
                  planted_loss(visible, int(std::size_t(batch.rows[i]) - first), time_counts * double(batch.times[first]));
        }
        sum += loss;
        squares += loss * loss;
      }
      const int which = objective == Objective::token_count ? 0 : 1;
      means[which] = sum / kPasses;
      errors[which] = std::sqrt((squares / kPasses - means[which] * means[which]) / kPasses);
    }
    EXPECT_NEAR(means[0], means[1], 4 * std::hypot(errors[0], errors[1]));
    EXPECT_LT(errors[1], 0.02 * means[1]);
  }
}

bool sees(const TextBatch& batch, std::int64_t sequence, std::int64_t i, std::int64_t j) {
  return batch.bias[std::size_t((sequence * batch.length + i) * batch.length + j)] == 0.0f;
}

TEST(TextBatch, AutoregressiveRowsSeeWhatStandsBefore) {
  const TextBatch batch = builder(of(Objective::autoregressive)).training({1, 0, 0, 2, 2}, 0);
  for (std::int64_t s = 0; s < 2; ++s) {
    for (std::int64_t i = 0; i <= kLength; ++i) {
      for (std::int64_t j = 0; j <= kLength; ++j) EXPECT_EQ(sees(batch, s, i, j), j <= i);
    }
    for (int l = 0; l < kLength; ++l) {
      const auto row = std::size_t(s) * kLength + std::size_t(l);
      EXPECT_EQ(batch.rows[row], s * (kLength + 1) + l);
      EXPECT_EQ(batch.targets[row], batch.ids[std::size_t(batch.rows[row]) + 1]);
    }
  }
}

TEST(TextBatch, QueriesSeeTheRightPartOfTheText) {
  const TextBatch any = builder(of(Objective::any_order)).training({1, 0, 0, 4, 4}, 0);
  ASSERT_EQ(any.length, 2 * kLength + 1);
  std::set<std::vector<int>> orders;
  for (std::int64_t s = 0; s < 4; ++s) {
    // The ranks are how many a query sees; from them everything else follows.
    std::vector<int> ranks;
    for (int l = 0; l < kLength; ++l) {
      int count = 0;
      for (int j = 0; j < kLength; ++j) count += sees(any, s, 1 + kLength + l, 1 + j);
      ranks.push_back(count);
    }
    orders.insert(ranks);
    std::vector<int> sorted = ranks;
    std::ranges::sort(sorted);
    for (int l = 0; l < kLength; ++l) EXPECT_EQ(sorted[std::size_t(l)], l);
    for (int i = 0; i <= 2 * kLength; ++i) {
      EXPECT_TRUE(sees(any, s, i, 0));
      for (int j = 1; j <= 2 * kLength; ++j) {
        bool expected = false;
        if (j > kLength) expected = i == j;
        else if (i > kLength) expected = ranks[std::size_t(j - 1)] < ranks[std::size_t(i - kLength - 1)];
        else if (i > 0) expected = ranks[std::size_t(j - 1)] <= ranks[std::size_t(i - 1)];
        EXPECT_EQ(sees(any, s, i, j), expected) << i << " " << j;
      }
    }
  }
  EXPECT_GT(orders.size(), 1U);

  TextBatchOptions options = of(Objective::multi_token);
  options.predict_ahead = 3;
  const std::int64_t window[] = {1};
  const TextBatch ahead = builder(options).evaluation(window, {1, 0, 0, 1, 1}, Objective::multi_token);
  for (int l = 0; l < kLength; ++l) {
    for (int j = 0; j < kLength; ++j) EXPECT_EQ(sees(ahead, 0, 1 + kLength + l, 1 + j), j < l / 3 * 3) << l << " " << j;
  }
}

TEST(TextBatch, AnnealingOpensTheMaskStepByStep) {
  TextBatchOptions options = of(Objective::token_count);
  options.logit_shift = 1;
  options.annealing_steps = 10;
  const auto b = builder(options);
  for (const std::int64_t step : {0, 4, 8}) {
    double seen = 0, all = 0;
    for (std::int64_t pass = 0; pass < 50; ++pass) {
      const TextBatch batch = b.training({1, pass, 0, 4, 4}, step);
      for (std::int64_t s = 0; s < 4; ++s) {
        for (std::int64_t i = 0; i <= kLength; ++i) {
          for (std::int64_t j = 0; j <= i; ++j) EXPECT_TRUE(sees(batch, s, i, j));
          for (std::int64_t j = i + 1; j <= kLength; ++j, ++all) seen += sees(batch, s, i, j);
        }
      }
    }
    EXPECT_NEAR(seen / all, double(step + 1) / 10, 0.03);
  }
  EXPECT_TRUE(b.training({1, 0, 0, 4, 4}, 9).bias.empty());
  const std::int64_t window[] = {0};
  EXPECT_TRUE(b.evaluation(window, {1, 0, 0, 1, 1}, Objective::token_count).bias.empty());
}

TEST(TextBatch, UniformNoiseReplacesAsManyAsTheScheduleSays) {
  TextBatchOptions options = of(Objective::d3pm_uniform);
  options.diffusion_steps = 4;
  const auto b = builder(options);
  double kept[5] = {}, all[5] = {};
  for (std::int64_t pass = 0; pass < 2000; ++pass) {
    const TextBatch batch = b.training({1, pass, 0, 4, 4}, 0);
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      const int t = int(std::lround(4 * batch.times[std::size_t(batch.rows[i])]));
      EXPECT_FLOAT_EQ(batch.kept[i], 1 - t / 4.0f);
      EXPECT_FLOAT_EQ(batch.kept_before[i], 1 - float(t - 1) / 4.0f);
      EXPECT_EQ(batch.noisy[i], batch.ids[std::size_t(batch.rows[i])]);
      kept[t] += batch.noisy[i] == batch.targets[i];
      ++all[t];
    }
  }
  EXPECT_EQ(all[0], 0);
  for (int t = 1; t <= 4; ++t) EXPECT_NEAR(kept[t] / all[t], (1 - t / 4.0) + t / 4.0 / 7, 0.02);
}

TEST(TextBatch, RefusesWhatDoesNotGoTogether) {
  TextBatchOptions shifted = of(Objective::any_order);
  shifted.logit_shift = 1;
  EXPECT_THROW(builder(shifted), std::invalid_argument);
  TextBatchOptions annealed = of(Objective::autoregressive);
  annealed.annealing_steps = 5;
  EXPECT_THROW(builder(annealed), std::invalid_argument);
  EXPECT_THROW(TextBatchBuilder(toy_stream(), toy_space(), 24, {}), std::invalid_argument);
  EXPECT_THROW(objective_named("bert"), std::invalid_argument);
}

TEST(TokenStreamTest, ReadsTextFilesAndShards) {
  const auto folder = std::filesystem::temp_directory_path() / "lacuna_token_stream";
  std::filesystem::remove_all(folder);
  write_toy_tokens(folder / "shards", 10, 2);
  std::string text, held_out;
  for (int i = 0; i < 45; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    text += line;
    if (i % 10 == 9) held_out += line;
  }
  std::ofstream(folder / "a.txt", std::ios::binary) << text;
  const auto stream = TokenStream::open(folder / "a.txt");
  EXPECT_EQ(stream.train.size() + stream.held_out.size(), text.size());
  EXPECT_EQ(stream.pieces.decode(stream.held_out), held_out);
  EXPECT_EQ(stream.vocabulary, int(std::set<char>(text.begin(), text.end()).size()) + 1);
  EXPECT_EQ(stream.end_of_text, stream.vocabulary - 1);
  const auto captions = TokenStream::open(folder / "shards");
  EXPECT_EQ(captions.train.size(), 16U);  // eight captions of one token and their ends
  EXPECT_EQ(captions.held_out, (std::vector<std::int32_t>{11, 2, 12, 2}));
  std::ofstream(folder / "short.txt") << "too short";
  EXPECT_THROW(TokenStream::open(folder / "short.txt"), std::invalid_argument);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lacuna::training
