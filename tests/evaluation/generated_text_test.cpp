#include "runtime/evaluation/generated_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

#include "fusion/graph/fused_ops.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/generation/model.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/io_error.h"
#include "tests/support/tiny_model.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::evaluation {
namespace {

using fusion::Modality;
using graph::DType;
using graph::HostTensor;

constexpr int kLetters = 4;

class GeneratedText : public ::testing::Test {
 protected:
  std::filesystem::path text_model(const std::string& name, int length, bool autoregressive, std::uint64_t seed = 1) {
    testing_support::write_tiny_text_model(folder_ / name, {kLetters, length, 16, autoregressive, seed});
    return folder_ / name;
  }

  /// The network itself on ids of the token space, without canvases: log-probabilities [position][class] of the rows.
  std::vector<std::vector<double>> network(const std::filesystem::path& folder, std::vector<std::int32_t> ids, bool causal,
                                           const std::vector<std::int32_t>& rows) {
    const auto family = generation::open_family(folder);
    const auto n = std::int64_t(ids.size());
    fusion::DenoiserShape shape{{n}, {std::int64_t(rows.size()), false}, {}, fusion::DenoiserHead::logits};
    std::vector<std::int32_t> places;
    for (std::int32_t i = 0; i < n; ++i) places.insert(places.end(), {i, 0, 0});
    std::vector<HostTensor> inputs{HostTensor::of({n}, ids), HostTensor::of({n, 3}, places)};
    if (causal) {
      shape.bias_columns = n;
      HostTensor bias(DType::f32, {n, n});
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) bias.f32()[std::size_t(i * n + j)] = j <= i ? 0.0f : graph::kUnseen;
      }
      inputs.push_back(std::move(bias));
    }
    inputs.push_back(HostTensor::of({std::int64_t(rows.size())}, rows));
    const int classes = family->tokens().text.size;
    std::vector<HostTensor> outputs;
    outputs.emplace_back(DType::f32, graph::Shape{std::int64_t(rows.size()), std::int64_t(classes)});
    executor_.prepare(family->build(shape), std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder)))
        ->run(inputs, outputs);
    std::vector<std::vector<double>> log_probs;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto row = std::as_const(outputs[0]).f32().subspan(r * std::size_t(classes), std::size_t(classes));
      double sum = 0;
      for (const float x : row) sum += std::exp(double(x));
      log_probs.emplace_back();
      for (const float x : row) log_probs.back().push_back(double(x) - std::log(sum));
    }
    return log_probs;
  }

  test::TempFolder folder_;
  cpu::ReferenceExecutor executor_;
};

TEST_F(GeneratedText, AnAutoregressiveJudgeGivesTheExactLikelihood) {
  const auto folder = text_model("ar", 7, true);
  const TextJudge judge(folder, executor_);
  ASSERT_TRUE(judge.is_exact());
  const std::vector<std::int32_t> text{2, 0, 3, 3, 1, 4, 0};
  // One pass over the whole text in place of one for each token: begin of text stands in front.
  const auto& tokens = judge.model().family->tokens();
  std::vector<std::int32_t> ids{tokens.begin_image}, rows(text.size());
  ids.insert(ids.end(), text.begin(), text.end());
  std::iota(rows.begin(), rows.end(), 0);
  const auto log_probs = network(folder, ids, true, rows);
  double all = 0, later = 0;
  for (std::size_t l = 0; l < text.size(); ++l) {
    all -= log_probs[l][std::size_t(text[l])];
    if (l >= 2) later -= log_probs[l][std::size_t(text[l])];
  }
  EXPECT_NEAR(judge.nats(text, 0, 1, 0), all, 1e-4);
  EXPECT_NEAR(judge.nats(text, 2, 1, 0), later, 1e-4);
  // What it gives to all texts of two tokens is 1.
  double total = 0;
  for (std::int32_t a = 0; a <= kLetters; ++a) {
    for (std::int32_t b = 0; b <= kLetters; ++b) total += std::exp(-judge.nats(std::vector{a, b}, 0, 1, 0));
  }
  EXPECT_NEAR(total, 1, 1e-4);
  EXPECT_THROW(judge.nats(text, 7, 1, 0), std::invalid_argument);
  EXPECT_THROW(judge.nats(std::vector<std::int32_t>{99}, 0, 1, 0), std::invalid_argument);
}

TEST_F(GeneratedText, AMaskedJudgeGivesTheTokenCountBound) {
  const auto folder = text_model("masked", 3, false);
  const TextJudge judge(folder, executor_);
  ASSERT_FALSE(judge.is_exact());
  const std::vector<std::int32_t> text{1, 3, 0};
  const auto& tokens = judge.model().family->tokens();
  // The expectation over all sets of hidden places: sum over n of the mean over sets of n of (1 / n) sum of -log p.
  double expected = 0;
  for (int hidden = 1; hidden < 8; ++hidden) {
    std::vector<std::int32_t> ids{tokens.begin_image}, rows;
    for (int l = 0; l < 3; ++l) {
      ids.push_back(hidden >> l & 1 ? tokens.mask : text[std::size_t(l)]);
      if (hidden >> l & 1) rows.push_back(l + 1);
    }
    const auto log_probs = network(folder, ids, false, rows);
    double sum = 0;
    for (std::size_t r = 0; r < rows.size(); ++r) sum -= log_probs[r][std::size_t(text[std::size_t(rows[r] - 1)])];
    const double sets = rows.size() == 3 ? 1 : 3;
    expected += sum / double(rows.size()) / sets;
  }
  std::vector<double> estimates;
  for (std::uint64_t seed = 0; seed < 150; ++seed) estimates.push_back(judge.nats(text, 0, 6, seed));
  const Estimate estimate = mean(estimates);
  EXPECT_NEAR(estimate.value, expected, 2 * (estimate.high - estimate.value) + 1e-4);
  EXPECT_LT(estimate.high - estimate.low, 0.1 * expected);
}

TEST_F(GeneratedText, LongTextsAreJudgedInPiecesOfTheJudgesLength) {
  const TextJudge judge(text_model("ar", 4, true), executor_);
  const std::vector<std::int32_t> text{0, 1, 2, 3, 1, 1};
  EXPECT_NEAR(judge.nats(text, 0, 1, 0), judge.nats(std::span(text).first(4), 0, 1, 0) + judge.nats(std::span(text).last(2), 0, 1, 0), 1e-5);
}

TEST_F(GeneratedText, GenPplAndEntropyAreThoseOfTheTexts) {
  const TextJudge judge(text_model("ar", 6, true), executor_);
  const auto pieces = TextPieces::open(text_model("writer", 6, false, 5));
  const std::vector<WrittenText> texts{{{0, 0, 0, 1}, false, 4}, {{2, 3, 1}, false, 3}, {{}, false, 1}};
  const auto result = evaluate_generated_text(judge, pieces, texts, {}, {}, {});
  ASSERT_TRUE(result);
  const double nats = judge.nats(texts[0].ids, 0, 1, 0) + judge.nats(texts[1].ids, 0, 1, 0);
  EXPECT_NEAR(result->value.value, std::exp(nats / 7), 1e-3);
  EXPECT_LT(result->value.low, result->value.value);
  EXPECT_GT(result->value.high, result->value.value);
  EXPECT_EQ(result->count, 2);
  std::map<std::string, double> details(result->details.begin(), result->details.end());
  const double first = 0.75 * std::log(4 / 3.0) + 0.25 * std::log(4.0);
  EXPECT_NEAR(details.at("unigram_entropy"), (first + std::log(3.0)) / 2, 1e-9);
  EXPECT_EQ(details.at("empty_texts"), 1);
  EXPECT_NEAR(details.at("calls_a_text"), 8 / 3.0, 1e-9);
  EXPECT_EQ(result->remarks.at(0).second, "exact");
  EXPECT_FALSE(evaluate_generated_text(judge, pieces, texts, {}, {}, [](int, int) { return generation::Continue::no; }));
  EXPECT_THROW(evaluate_generated_text(judge, pieces, std::span(texts).first(1), {}, {}, {}), std::invalid_argument);
}

TEST_F(GeneratedText, AJudgeJudgesItsOwnTextsAsItsEntropySays) {
  // An autoregressive model's own samples have, on average, its own entropy: Gen-PPL of many equals exp(entropy a token).
  const auto folder = text_model("ar", 3, true, 9);
  const TextJudge judge(folder, executor_);
  WritingOptions options;
  options.count = 600;
  options.job = text_defaults(*judge.model().family);
  const auto texts = write_texts(judge.model(), options, {});
  ASSERT_TRUE(texts);
  const auto result = evaluate_generated_text(judge, judge.model().pieces, *texts, {}, {}, {});
  double entropy = 0;
  for (std::int32_t a = 0; a <= kLetters; ++a) {
    for (std::int32_t b = 0; b <= kLetters; ++b) {
      for (std::int32_t c = 0; c <= kLetters; ++c) {
        const double nats = judge.nats(std::vector{a, b, c}, 0, 1, 0);
        entropy += std::exp(-nats) * nats;
      }
    }
  }
  const double half = (result->value.high - result->value.low) / 2;
  EXPECT_NEAR(result->value.value, std::exp(entropy / 3), 2 * half);
  EXPECT_LT(half, 0.3);
}

TEST_F(GeneratedText, OtherPiecesAreCutAnew) {
  const TextJudge judge(text_model("ar", 6, true), executor_);
  testing_support::TinyTextModel other{6, 6, 16, false, 3};
  testing_support::write_tiny_text_model(folder_ / "wider", other);
  const auto pieces = TextPieces::open(folder_ / "wider");
  EXPECT_FALSE(pieces == judge.model().pieces);
  EXPECT_EQ(pieces.decode(pieces.encode("face")), "face");
  const auto result = evaluate_generated_text(judge, pieces, std::vector<WrittenText>{{{0, 1}, false, 1}, {{3, 2, 1}, false, 1}}, {}, {}, {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->remarks.at(2).second, "decoded and cut anew");
  // 'e' is a piece of the writer and none of the judge.
  try {
    evaluate_generated_text(judge, pieces, std::vector<WrittenText>{{{4}, false, 1}, {{1}, false, 1}}, {}, {}, {});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("0x65"), std::string::npos) << error.what();
  }
  testing_support::write_tiny_text_model(folder_ / "words", other, {"\xE2\x96\x81goat", "</s>"}, 1);
  EXPECT_THROW(TextPieces::open(folder_ / "words").encode("goat"), std::invalid_argument);
  EXPECT_THROW(TextPieces::open(folder_ / "nowhere"), weights::IoError);
}

TEST_F(GeneratedText, WritersRefuseWhatTheyCannotDo) {
  const TextModel writer(text_model("ar", 6, true), executor_);
  WritingOptions options;
  options.count = 2;
  options.job = text_defaults(*writer.family);
  options.length = 7;
  EXPECT_THROW(write_texts(writer, options, {}), std::invalid_argument);
  options.length = 5;
  EXPECT_EQ(write_texts(writer, options, {})->at(0).ids.size(), 5u);
  options.job.sampler = "random";
  EXPECT_THROW(write_texts(writer, options, {}), std::invalid_argument);
  const TextModel masked(text_model("masked", 6, false), executor_);
  options.job = text_defaults(*masked.family);
  options.length = 0;
  options.job.steps = 3;
  const auto texts = write_texts(masked, options, {});
  EXPECT_EQ(texts->at(1).ids.size(), 6u);
  EXPECT_LE(texts->at(1).calls, 3);
  EXPECT_EQ(write_texts(masked, options, {})->at(1).ids, texts->at(1).ids);
}

TEST_F(GeneratedText, CaptionsEndAtTheirEnd) {
  fusion::TokenSpace tokens;
  tokens.text = {10, 20};
  tokens.end_of_text = 12;
  const WrittenText text = caption_text(tokens, std::vector<std::int32_t>{15, 11, 12, 12});
  EXPECT_EQ(text.ids, (std::vector<std::int32_t>{5, 1, 2}));
  EXPECT_TRUE(text.ended);
  EXPECT_FALSE(caption_text(tokens, std::vector<std::int32_t>{15, 11}).ended);
}

}  // namespace
}  // namespace lacuna::evaluation
