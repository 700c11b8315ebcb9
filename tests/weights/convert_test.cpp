#include "runtime/weights/convert.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace lacuna::weights {
namespace {

/// Rounding by definition: the nearest of all values of the narrow type, the even one of two
/// equally near.
template <typename Decode>
std::uint16_t nearest(float value, std::uint16_t infinity, Decode decode) {
  const float magnitude = std::fabs(value);
  // Non-negative codes are ordered like their values, so the neighbours come from a binary search.
  std::uint32_t low = 0, high = infinity;
  while (high - low > 1) {
    const std::uint32_t middle = (low + high) / 2;
    (decode(static_cast<std::uint16_t>(middle)) <= magnitude ? low : high) = middle;
  }
  const double below = decode(static_cast<std::uint16_t>(low));
  double above = decode(static_cast<std::uint16_t>(high));
  // Infinity rounds as if it were the next finite value.
  if (high == infinity) above = 2 * below - decode(static_cast<std::uint16_t>(low - 1));
  const double to_below = magnitude - below, to_above = above - magnitude;
  const bool up = to_above < to_below || (to_above == to_below && low % 2 == 1);
  const std::uint32_t code = magnitude == std::numeric_limits<float>::infinity() || up ? high : low;
  return static_cast<std::uint16_t>(code | (std::signbit(value) ? 0x8000u : 0u));
}

std::vector<float> interesting_floats() {
  std::vector<float> values = {0.0f,     -0.0f,    1.0f,          65504.0f, 65519.996f,   65520.0f,
                               65536.0f, INFINITY, -INFINITY,     3e38f,    3.4e38f,      1e-45f,
                               5.96e-8f, 2.98e-8f, 2.9802322e-8f, 6.1e-5f,  6.0975552e-5f};
  std::mt19937_64 random(5);
  for (int i = 0; i < 200'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) values.push_back(value);
  }
  // Exactly half-way between two neighbours, and just beside.
  for (std::uint32_t code = 0; code < 0x7C00; code += 7) {
    const float a = f16_to_float(static_cast<std::uint16_t>(code));
    const float b = f16_to_float(static_cast<std::uint16_t>(code + 1));
    if (!std::isfinite(b)) continue;
    const float half = a + (b - a) / 2;
    for (const float value : {half, std::nextafter(half, a), std::nextafter(half, b)}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  return values;
}

TEST(Convert, F16RoundTripsEveryCode) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const auto bits = static_cast<std::uint16_t>(code);
    const float value = f16_to_float(bits);
    const std::uint32_t exponent = (code >> 10) & 31, mantissa = code & 1023;
    if (exponent == 31 && mantissa != 0) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_TRUE(std::isnan(f16_to_float(float_to_f16(value))));
      continue;
    }
    const double expected = exponent == 31 ? INFINITY
                            : exponent == 0
                                ? std::ldexp(mantissa, -24)
                                : std::ldexp(1024 + mantissa, static_cast<int>(exponent) - 25);
    EXPECT_EQ(value, static_cast<float>(code & 0x8000 ? -expected : expected)) << code;
    EXPECT_EQ(float_to_f16(value), bits);
  }
}

TEST(Convert, Bf16RoundTripsEveryCode) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const auto bits = static_cast<std::uint16_t>(code);
    const float value = bf16_to_float(bits);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(bf16_to_float(float_to_bf16(value))));
    } else {
      EXPECT_EQ(float_to_bf16(value), bits);
    }
  }
}

TEST(Convert, RoundsToNearestEven) {
  for (const float value : interesting_floats()) {
    ASSERT_EQ(float_to_f16(value), nearest(value, 0x7C00, f16_to_float)) << value;
    ASSERT_EQ(float_to_bf16(value), nearest(value, 0x7F80, bf16_to_float)) << value;
  }
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3F808000u)), 0x3F80);  // tie to even
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3F818000u)), 0x3F82);
}

TEST(Convert, NanStaysNan) {
  for (const std::uint32_t bits : {0x7F800001u, 0x7FC00000u, 0xFFFFFFFFu, 0x7F80FFFFu}) {
    EXPECT_TRUE(std::isnan(bf16_to_float(float_to_bf16(std::bit_cast<float>(bits)))));
    EXPECT_TRUE(std::isnan(f16_to_float(float_to_f16(std::bit_cast<float>(bits)))));
  }
}

TEST(Convert, ToFloatReadsEveryRealDType) {
  const std::vector<float> values = {1.5f, -2.25f, 0.0f, 1024.0f, -0.125f, 3.0f};
  const graph::Shape shape = {2, 3};
  for (const auto dtype : {graph::DType::f32, graph::DType::f16, graph::DType::bf16}) {
    const std::vector<std::byte> bytes = from_float(values, dtype);
    EXPECT_EQ(to_float({dtype, shape, bytes, {}}), values) << graph::name_of(dtype);
    // Bytes at an odd address give the same.
    std::vector<std::byte> shifted(1);
    shifted.insert(shifted.end(), bytes.begin(), bytes.end());
    EXPECT_EQ(to_float({dtype, shape, std::span(shifted).subspan(1), {}}), values);
  }
  const std::vector<double> doubles(values.begin(), values.end());
  EXPECT_EQ(to_float({graph::DType::f64, shape, std::as_bytes(std::span(doubles)), {}}), values);
}

TEST(Convert, ToFloatRefusesWhatDoesNotFit) {
  const std::vector<std::byte> bytes(12);
  std::vector<float> out(3);
  EXPECT_THROW(to_float({graph::DType::f32, {4}, bytes, {}}), std::invalid_argument);
  EXPECT_THROW(to_float({graph::DType::f32, {2}, std::span(bytes).first(8), {}}, out),
               std::invalid_argument);
  EXPECT_THROW(to_float({graph::DType::i32, {3}, bytes, {}}), std::invalid_argument);
  EXPECT_THROW(to_float({graph::DType::i8, {3, 4}, bytes, {}}), std::invalid_argument);
  const std::vector<float> scale(2, 1.0f);
  EXPECT_THROW(to_float({graph::DType::i8, {3, 4}, bytes, scale}), std::invalid_argument);
  EXPECT_THROW(from_float(out, graph::DType::i8), std::invalid_argument);
  EXPECT_TRUE(to_float({graph::DType::f32, {0, 4}, {}, {}}).empty());
}

TEST(QuantizeRows, ErrorIsAtMostHalfAStepAndTheLargestIsExact) {
  std::mt19937_64 random(9);
  std::normal_distribution<float> normal;
  for (const auto& [rows, cols] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {3, 33}, {7, 257}, {0, 5}, {5, 0}}) {
    std::vector<float> values(rows * cols);
    for (float& value : values) value = normal(random) * 10;
    if (values.size() > 33) std::fill(values.begin() + 33, values.begin() + 40, 0.0f);
    const QuantizedRows quantized = quantize_rows_int8(values, rows, cols);
    ASSERT_EQ(quantized.values.size(), values.size());
    ASSERT_EQ(quantized.scale.size(), rows);
    for (std::size_t row = 0; row < rows; ++row) {
      int largest = 0;
      for (std::size_t i = row * cols; i < (row + 1) * cols; ++i) {
        const float back = quantized.values[i] * quantized.scale[row];
        EXPECT_LE(std::fabs(back - values[i]), quantized.scale[row] * 0.50001f);
        largest = std::max(largest, std::abs(int{quantized.values[i]}));
      }
      EXPECT_EQ(largest, cols > 0 ? 127 : 0);
    }
  }
}

TEST(QuantizeRows, ZerosAndTinyValuesStayFinite) {
  const std::vector<float> values = {0, 0, 1e-45f, -1e-45f, 1e38f, -3e38f};
  const QuantizedRows quantized = quantize_rows_int8(values, 3, 2);
  EXPECT_EQ(quantized.scale[0], 0.0f);
  EXPECT_EQ(quantized.values[0], 0);
  EXPECT_EQ(quantized.values[2], 0);
  EXPECT_EQ(quantized.values[5], -127);
  for (const float scale : quantized.scale) EXPECT_TRUE(std::isfinite(scale));
}

TEST(QuantizeRows, RefusesBadInput) {
  const std::vector<float> values = {1, 2, 3, NAN};
  EXPECT_THROW(quantize_rows_int8(values, 2, 2), std::invalid_argument);
  EXPECT_THROW(quantize_rows_int8(std::span(values).first(3), 2, 2), std::invalid_argument);
  EXPECT_THROW(quantize_rows_int8(std::span(values).first(3), 2, 0), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::weights
