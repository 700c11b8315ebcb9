#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/run_case.h"

namespace lacuna::conformance {

using MakeExecutor = std::function<std::unique_ptr<graph::Executor>()>;

/// Runs every case of `op` at each precision for which it is defined and expects errors within tolerance.
void expect_conformance(const std::string& op, const MakeExecutor& make, const std::vector<Precision>& precisions);

/// Runs every case of `op` that has a matrix with a multiple of 32 columns, with all such matrices in each
/// block-quantised dtype, and expects errors within the tolerance of f32: for engines that compute in f32, where
/// the stored weights are exact.
void expect_block_conformance(const std::string& op, const MakeExecutor& make);

}  // namespace lacuna::conformance

/// The same for expect_block_conformance.
#define LACUNA_BLOCK_CONFORMANCE(suite, make)                                                                  \
  class suite : public testing::TestWithParam<std::string> {};                                                 \
  TEST_P(suite, MatchesTheReferenceExactly) { lacuna::conformance::expect_block_conformance(GetParam(), make); } \
  INSTANTIATE_TEST_SUITE_P(Ops, suite, testing::ValuesIn(lacuna::conformance::all_ops()),                      \
                           [](const testing::TestParamInfo<std::string>& info) { return info.param; })

/// Defines the GoogleTest suite `suite` with one test for each op: LACUNA_CONFORMANCE(CpuConformance, make, f32, bf16)
/// with `make` a callable that gives a std::unique_ptr<graph::Executor> and the rest names of Precision.
#define LACUNA_CONFORMANCE(suite, make, ...)                                                                   \
  class suite : public testing::TestWithParam<std::string> {};                                                 \
  TEST_P(suite, MatchesTheReference) {                                                                         \
    using enum lacuna::conformance::Precision;                                                                 \
    lacuna::conformance::expect_conformance(GetParam(), make, {__VA_ARGS__});                                  \
  }                                                                                                            \
  INSTANTIATE_TEST_SUITE_P(Ops, suite, testing::ValuesIn(lacuna::conformance::all_ops()),                      \
                           [](const testing::TestParamInfo<std::string>& info) { return info.param; })
