#include "runtime/weights/block_quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/checkpoint_writer.h"
#include "runtime/weights/convert.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

using graph::DType;

constexpr DType kAll[] = {DType::q8_0, DType::q4_0, DType::q4_1};

/// Sums of uniform numbers: near enough to what trained matrices hold. `shift` makes them asymmetric.
std::vector<float> bell(std::size_t count, std::uint32_t seed, float shift = 0) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    float sum = 0;
    std::uint64_t state = seed * 0x9E3779B97F4A7C15u + i * 0xD1B54A32D192ED03u + 1;
    for (int k = 0; k < 6; ++k) {
      state ^= state >> 29;
      state *= 0xBF58476D1CE4E5B9u;
      state ^= state >> 32;
      sum += float(state >> 40) * 0x1p-24f - 0.5f;
    }
    values[i] = 0.03f * sum + shift;
  }
  return values;
}

/// Root of the mean squared error over that of the values.
double relative_error(std::span<const float> values, std::span<const float> back) {
  double error = 0, power = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(double(back[i]) - values[i], 2);
    power += std::pow(double(values[i]), 2);
  }
  return std::sqrt(error / power);
}

double error_of(std::span<const float> values, DType dtype) {
  const auto blocks = quantize_blocks(values, 1, std::int64_t(values.size()), dtype);
  return relative_error(values, to_float(blocks.view()));
}

TEST(BlockQuantize, MoreBitsLoseLess) {
  const auto values = bell(32 * 400, 1);
  EXPECT_LT(error_of(values, DType::q8_0), 0.006);
  EXPECT_LT(error_of(values, DType::q4_1), 0.075);
  EXPECT_LT(error_of(values, DType::q4_0), 0.09);
  EXPECT_LT(error_of(values, DType::q8_0), 0.1 * error_of(values, DType::q4_1));
  EXPECT_LT(error_of(values, DType::q4_1), 0.9 * error_of(values, DType::q4_0));
}

TEST(BlockQuantize, AsymmetricBlocksNeedAMinimum) {
  const auto values = bell(32 * 50, 2, 0.2f);
  EXPECT_LT(error_of(values, DType::q4_1), 0.3 * error_of(values, DType::q4_0));
}

TEST(BlockQuantize, TheSearchBeatsThePlainRule) {
  const auto values = bell(32 * 200, 3);
  double plain4_0 = 0, plain4_1 = 0, power = 0;
  for (std::size_t b = 0; b < values.size(); b += 32) {
    float largest = 0, low = values[b], high = values[b];
    for (std::size_t i = b; i < b + 32; ++i) {
      if (std::fabs(values[i]) > std::fabs(largest)) largest = values[i];
      low = std::min(low, values[i]);
      high = std::max(high, values[i]);
      power += double(values[i]) * values[i];
    }
    for (std::size_t i = b; i < b + 32; ++i) {
      const float s0 = largest / -8, s1 = (high - low) / 15;
      plain4_0 += std::pow(std::clamp(std::round(values[i] / s0), -8.0f, 7.0f) * s0 - values[i], 2);
      plain4_1 += std::pow(std::round((values[i] - low) / s1) * s1 + low - values[i], 2);
    }
  }
  EXPECT_LT(error_of(values, DType::q4_0), 0.95 * std::sqrt(plain4_0 / power));
  EXPECT_LT(error_of(values, DType::q4_1), 0.95 * std::sqrt(plain4_1 / power));
}

TEST(BlockQuantize, Q8IsWithinHalfAStep) {
  for (const float magnitude : {1e-1f, 1.0f, 3e4f}) {
    auto values = bell(32 * 20, 4);
    for (float& v : values) v *= magnitude;
    const auto blocks = quantize_blocks(values, 4, 160, DType::q8_0);
    const auto back = to_float(blocks.view());
    for (std::size_t i = 0; i < values.size(); ++i) {
      // f16 keeps eleven bits of the scale: the largest code is off by 127 / 2048 of a step more.
      EXPECT_LE(std::fabs(back[i] - values[i]), 0.57f * f16_to_float(blocks.scale[i / 32])) << i;
    }
  }
}

TEST(BlockQuantize, WhatTheTypeHoldsComesBackExactly) {
  for (const DType dtype : kAll) {
    std::vector<float> values(64);
    for (int i = 0; i < 64; ++i) {
      const int code = dtype == DType::q8_0 ? 4 * i - 127 : i * 7 % 16 - 8;
      values[std::size_t(i)] = 0.0625f * float(std::min(code, dtype == DType::q8_0 ? 127 : 7));
    }
    const auto blocks = quantize_blocks(values, 1, 64, dtype);
    if (dtype == DType::q8_0) {
      EXPECT_LT(relative_error(values, to_float(blocks.view())), 4e-3);
    } else {
      EXPECT_EQ(to_float(blocks.view()), values) << name_of(dtype);
    }
    EXPECT_EQ(blocks.codes.size(), graph::code_bytes(dtype, 64));
    EXPECT_EQ(blocks.minimum.size(), dtype == DType::q4_1 ? 2u : 0u);
  }
}

TEST(BlockQuantize, ZerosAndConstantsAndTinyValues) {
  for (const DType dtype : kAll) {
    EXPECT_EQ(to_float(quantize_blocks(std::vector<float>(96), 3, 32, dtype).view()), std::vector<float>(96));
    const std::vector<float> tiny(32, 1e-30f);
    for (float v : to_float(quantize_blocks(tiny, 1, 32, dtype).view())) EXPECT_LE(std::fabs(v), 1e-7f);
    std::vector<float> one(32);
    one[17] = -3;
    EXPECT_NEAR(to_float(quantize_blocks(one, 1, 32, dtype).view())[17], -3, 0.003);
  }
  const std::vector<float> constant(32, 0.5f);
  EXPECT_EQ(to_float(quantize_blocks(constant, 1, 32, DType::q4_1).view()), constant);
  EXPECT_EQ(to_float(quantize_blocks({}, 0, 32, DType::q4_1).view()).size(), 0u);
  EXPECT_EQ(to_float(quantize_blocks({}, 5, 0, DType::q4_0).view()).size(), 0u);
}

TEST(BlockQuantize, NibblesLieAsTheHeaderSays) {
  std::vector<float> values(32);
  for (int i = 0; i < 32; ++i) values[std::size_t(i)] = float(i % 16) - 8;
  const auto blocks = quantize_blocks(values, 1, 32, DType::q4_0);
  ASSERT_EQ(blocks.scale[0], 0x3C00);  // 1
  for (int i = 0; i < 16; ++i) EXPECT_EQ(blocks.codes[std::size_t(i)], std::byte(i + 16 * i));
}

TEST(BlockQuantize, RefusesWhatItCannotHold) {
  const std::vector<float> values(64, 1.0f);
  EXPECT_THROW(quantize_blocks(values, 1, 64, DType::i8), std::invalid_argument);
  EXPECT_THROW(quantize_blocks(values, 2, 33, DType::q8_0), std::invalid_argument);
  EXPECT_THROW(quantize_blocks(values, 3, 32, DType::q8_0), std::invalid_argument);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e9f}) {
    for (const DType dtype : kAll) {
      std::vector<float> broken = values;
      broken[40] = bad;
      EXPECT_THROW(quantize_blocks(broken, 2, 32, dtype), std::invalid_argument) << bad << name_of(dtype);
    }
  }
}

TEST(BlockFormat, ViewsThatDoNotFitAreRefused) {
  const std::vector<float> values = bell(96, 5);
  const auto blocks = quantize_blocks(values, 3, 32, DType::q4_1);
  graph::WeightView view = blocks.view();
  EXPECT_EQ(graph::block_format_complaint(view), "");
  view.block_minimum = {};
  EXPECT_EQ(graph::block_format_complaint(view), "3 block minimums, got 0");
  EXPECT_THROW(to_float(view), std::invalid_argument);
  view = blocks.view();
  view.bytes = view.bytes.first(47);
  EXPECT_NE(graph::block_format_complaint(view), "");
  view = blocks.view();
  view.shape = {96};
  EXPECT_NE(graph::block_format_complaint(view), "");
}

std::vector<TensorData> stored(const QuantizedBlocks& blocks) {
  const bool bytes = blocks.dtype == DType::q8_0;
  const graph::Shape shape = bytes ? blocks.shape : blocks.shape.with(1, blocks.shape[1] / 2);
  const graph::Shape factors = blocks.shape.with(1, blocks.shape[1] / 32);
  std::vector<TensorData> tensors = {{"w", bytes ? DType::i8 : DType::u8, shape, blocks.codes},
                                     {"w_scale", DType::f16, factors, std::as_bytes(std::span(blocks.scale))}};
  if (!blocks.minimum.empty()) {
    tensors.push_back({"w_minimum", DType::f16, factors, std::as_bytes(std::span(blocks.minimum))});
  }
  return tensors;
}

TEST(BlockFormat, CheckpointsCarryIt) {
  const test::TempFolder folder;
  const std::vector<float> values = bell(3 * 160, 6);
  for (const DType dtype : kAll) {
    const auto blocks = quantize_blocks(values, 3, 160, dtype);
    for (const std::uint64_t limit : {kOneShard, std::uint64_t{1}}) {
      write_checkpoint(folder / "m", stored(blocks), limit);
      const Checkpoint checkpoint = Checkpoint::open(folder / "m");
      ASSERT_EQ(checkpoint.names().size(), 1u);
      const graph::WeightView* view = checkpoint.find("w");
      EXPECT_EQ(view->dtype, dtype);
      EXPECT_EQ(view->shape, (graph::Shape{3, 160}));
      EXPECT_EQ(to_float(*view), to_float(blocks.view()));
    }
  }
}

TEST(BlockFormat, FactorsThatDoNotFitAreRefused) {
  const test::TempFolder folder;
  const auto why = [&](std::vector<TensorData> tensors) -> std::string {
    write_checkpoint(folder / "m", tensors);
    try {
      Checkpoint::open(folder / "m");
    } catch (const CheckpointError& error) {
      return error.what();
    }
    return "";
  };
  const auto values = bell(3 * 160, 7);
  const auto blocks = quantize_blocks(values, 3, 160, DType::q4_1);
  const std::vector<std::uint16_t> nans(15, 0x7E00), few(12);
  for (const std::size_t at : {1u, 2u}) {
    auto tensors = stored(blocks);
    tensors[at].bytes = std::as_bytes(std::span(nans));
    EXPECT_NE(why(tensors).find("finite"), std::string::npos);
    tensors[at].bytes = std::as_bytes(std::span(few));
    tensors[at].shape = {3, 4};
    EXPECT_NE(why(tensors).find("[3, 5], got f16[3, 4]"), std::string::npos) << why(tensors);
  }
  // Bytes without a factor are bytes.
  const std::vector<TensorData> bare = {{"w", DType::u8, {3, 80}, blocks.codes}};
  EXPECT_EQ(why(bare), "");
}

}  // namespace
}  // namespace lacuna::weights
