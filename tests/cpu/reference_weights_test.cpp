#include "runtime/cpu/reference_weights.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <stdexcept>

#include "runtime/weights/convert.h"
#include "tests/support/memory_weights.h"

namespace lacuna::cpu {
namespace {

using graph::DType;
using testing_support::MemoryWeights;

TEST(ReferenceWeights, EveryHalfPrecisionNumberAgreesWithTheCheckpointReader) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = std::uint16_t(bits);
    const float a = f32_from_f16(half), b = weights::f16_to_float(half);
    const float c = f32_from_bf16(half), d = weights::bf16_to_float(half);
    EXPECT_TRUE(std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b))) << bits;
    EXPECT_EQ(std::bit_cast<std::uint32_t>(c), std::bit_cast<std::uint32_t>(d)) << bits;
  }
}

TEST(ReferenceWeights, Int8TakesTheFactorOfItsRow) {
  MemoryWeights source;
  source.add("w", DType::i8, {2, 3}, {std::byte{1}, std::byte{0xff}, std::byte{127}, std::byte{2}, std::byte{0}, std::byte{0x80}},
             {0.5f, 2.0f});
  EXPECT_EQ(weight_as_f32(source, "w", {2, 3}), (std::vector<float>{0.5f, -0.5f, 63.5f, 4.0f, 0.0f, -256.0f}));
}

TEST(ReferenceWeights, ErrorsNameTheWeight) {
  MemoryWeights source;
  source.add("w", graph::Shape{2}, std::vector<float>{1.0f, 2.0f});
  source.add("short", DType::f32, {2}, std::vector<std::byte>(7));
  source.add("unscaled", DType::i8, {2, 1}, std::vector<std::byte>(2));
  source.add("long", DType::i64, {2}, std::vector<std::byte>(16));
  const auto expect_error = [&](const std::string& name, graph::Shape shape, const std::string& got) {
    try {
      weight_as_f32(source, name, shape);
      ADD_FAILURE() << name;
    } catch (const std::invalid_argument& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find('"' + name + '"'), std::string::npos) << message;
      EXPECT_NE(message.find("got " + got), std::string::npos) << message;
    }
  };
  expect_error("missing", {2}, "no weight");
  expect_error("w", {3}, "[2]");
  expect_error("short", {2}, "7");
  expect_error("unscaled", {2, 1}, "0");
  expect_error("long", {2}, "i64");
}

}  // namespace
}  // namespace lacuna::cpu
