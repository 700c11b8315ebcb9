#include "runtime/evaluation/likelihood.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include "runtime/cpu/reference_executor.h"
#include "runtime/evaluation/statistics.h"
#include "tests/support/tiny_model.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::evaluation {
namespace {

using fusion::Modality;

class LikelihoodTest : public ::testing::Test {
 protected:
  LikelihoodTest() {
    testing_support::write_tiny_model(folder_ / "tiny", {.text_length = 16, .grid = 3});
    model_ = generation::open_model(folder_ / "tiny", executor_);
  }
  Pair pair(std::string_view caption, int shift = 0) {
    std::vector<std::int32_t> codes(9);
    for (std::size_t i = 0; i < 9; ++i) codes[i] = std::int32_t((i * 7 + std::size_t(shift)) % 64);
    return make_pair(model_, caption, codes);
  }
  double bound(const Pair& pair, Modality target, BoundForm form, int draws, std::uint64_t seed) {
    return conditional_bounds(*model_.denoiser, {&pair, 1}, target, {form, draws, seed}).front();
  }

  test::TempFolder folder_;
  cpu::ReferenceExecutor executor_;
  generation::Model model_;
};

TEST_F(LikelihoodTest, BothFormsAgreeInExpectation) {
  const Pair p = pair("3d emoji: goat");
  for (Modality target : {Modality::text, Modality::image}) {
    std::vector<double> token, time;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      token.push_back(bound(p, target, BoundForm::token_count, 8, seed));
      time.push_back(bound(p, target, BoundForm::continuous_time, 8, seed));
    }
    const Estimate a = mean(token), b = mean(time);
    const double error = std::hypot(a.high - a.value, b.high - b.value);  // 95 %
    EXPECT_NEAR(a.value, b.value, 2 * error);
    EXPECT_GT(a.value, 0);
  }
}

TEST_F(LikelihoodTest, OneTokenIsItsOwnCrossEntropy) {
  // A span of one position has one mask: the bound is exact and does not depend on the seed.
  testing_support::write_tiny_model(folder_ / "one", {.text_length = 16, .grid = 1});
  cpu::ReferenceExecutor executor;
  const auto model = generation::open_model(folder_ / "one", executor);
  std::vector<double> probabilities;
  for (std::int32_t code = 0; code < 64; ++code) {
    const Pair p = make_pair(model, "goat", std::vector{code});
    const double b = conditional_bounds(*model.denoiser, {&p, 1}, Modality::image, {BoundForm::token_count, 2, 1}).front();
    EXPECT_NEAR(b, conditional_bounds(*model.denoiser, {&p, 1}, Modality::image, {BoundForm::token_count, 3, 9}).front(), 1e-5);
    probabilities.push_back(std::exp(-b));
  }
  EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1, 1e-4);
}

TEST_F(LikelihoodTest, APairsBoundIsItsOwnWhateverElseIsInTheCall) {
  const std::vector<Pair> pairs{pair("goat"), pair("fish", 3), pair("3d emoji: sun", 5)};
  const BoundOptions options{BoundForm::token_count, 5, 4};
  const auto together = conditional_bounds(*model_.denoiser, pairs, Modality::text, options);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_NEAR(together[i], conditional_bounds(*model_.denoiser, {&pairs[i], 1}, Modality::text, options).front(), 1e-5);
  }
}

TEST_F(LikelihoodTest, RefusesWhatDoesNotFit) {
  EXPECT_THROW(pair(std::string(100, 'q')), std::invalid_argument);
  EXPECT_THROW(make_pair(model_, "goat", std::vector<std::int32_t>{1, 2}), std::invalid_argument);
  EXPECT_THROW(bound(pair("goat"), Modality::text, BoundForm::token_count, 0, 1), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::evaluation
