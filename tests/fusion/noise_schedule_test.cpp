#include "fusion/noise_schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace lacuna::fusion {
namespace {

TEST(NoiseSchedule, EveryKindRisesFromNothingToAll) {
  for (std::string_view name : NoiseSchedule::names()) {
    const NoiseSchedule schedule = NoiseSchedule::named(name);
    EXPECT_EQ(schedule.mask_rate(0), 0) << name;
    EXPECT_EQ(schedule.mask_rate(1), 1) << name;
    double previous = 0;
    for (int i = 1; i <= 1000; ++i) {
      const double rate = schedule.mask_rate(i / 1000.0);
      EXPECT_GT(rate, previous) << name << ' ' << i;
      previous = rate;
    }
  }
}

TEST(NoiseSchedule, DerivativeMatchesFiniteDifferences) {
  for (std::string_view name : NoiseSchedule::names()) {
    const NoiseSchedule schedule = NoiseSchedule::named(name);
    for (double t : {0.1, 0.37, 0.5, 0.9}) {
      const double h = 1e-6;
      const double difference = (schedule.mask_rate(t + h) - schedule.mask_rate(t - h)) / (2 * h);
      EXPECT_NEAR(schedule.derivative(t), difference, 1e-6) << name << ' ' << t;
    }
  }
}

TEST(NoiseSchedule, LinearWeightIsOneOverT) {
  EXPECT_DOUBLE_EQ(NoiseSchedule(ScheduleKind::linear).elbo_weight(0.25), 4.0);
}

TEST(NoiseSchedule, RefusesUnknownNamesAndPowers) {
  EXPECT_THROW(NoiseSchedule::named("sigmoid"), std::invalid_argument);
  EXPECT_THROW(NoiseSchedule(ScheduleKind::polynomial, 0), std::invalid_argument);
  EXPECT_THROW(NoiseSchedule(ScheduleKind::polynomial, NAN), std::invalid_argument);
}

TEST(MaskedAfterSteps, CosineMatchesThePublishedCounts) {
  // 256 codes in 8 steps, MaskGIT's cosine.
  const auto counts = masked_after_steps(NoiseSchedule(ScheduleKind::cosine), 256, 8);
  EXPECT_EQ(counts, (std::vector{251, 236, 212, 181, 142, 97, 49, 0}));
}

TEST(MaskedAfterSteps, EveryStepRevealsWhileThereIsSomethingAndTheLastLeavesNothing) {
  for (std::string_view name : NoiseSchedule::names()) {
    for (int masked : {0, 1, 2, 7, 24, 256}) {
      for (int steps : {1, 2, 3, 12, 24, 300}) {
        int left = masked;
        const auto counts = masked_after_steps(NoiseSchedule::named(name), masked, steps);
        ASSERT_EQ(counts.size(), std::size_t(steps));
        for (int count : counts) {
          EXPECT_TRUE(count < left || (left == 0 && count == 0)) << name << ' ' << masked << ' ' << steps;
          left = count;
        }
        EXPECT_EQ(left, 0);
      }
    }
  }
}

TEST(MaskedAfterSteps, RefusesNoSteps) {
  EXPECT_THROW(masked_after_steps(NoiseSchedule(), 8, 0), std::invalid_argument);
  EXPECT_THROW(masked_after_steps(NoiseSchedule(), -1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::fusion
