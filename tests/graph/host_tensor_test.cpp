#include "fusion/graph/host_tensor.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace lacuna::graph {
namespace {

TEST(HostTensor, StartsWithZeros) {
  const HostTensor x(DType::i32, {3, 5});
  EXPECT_EQ(x.i32().size(), 15u);
  for (std::int32_t v : x.i32()) EXPECT_EQ(v, 0);
  EXPECT_EQ(x.bytes().size(), 60u);
}

TEST(HostTensor, TakesValuesOfTheRightNumber) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const HostTensor x = HostTensor::of({2, 3}, values);
  EXPECT_EQ(x.dtype(), DType::f32);
  EXPECT_EQ(x.f32()[5], 6.0f);
  EXPECT_THROW(HostTensor::of({2, 2}, values), std::invalid_argument);
  EXPECT_NO_THROW(HostTensor::of({0, 7}, std::span<const float>{}));
}

TEST(HostTensor, ViewsCheckTheDtype) {
  HostTensor x(DType::f32, {1});
  EXPECT_THROW(x.i32(), std::invalid_argument);
  HostTensor y(DType::i32, {1});
  EXPECT_THROW(y.f32(), std::invalid_argument);
}

TEST(DType, SizesAndNames) {
  EXPECT_EQ(size_of(DType::bf16), 2u);
  EXPECT_EQ(size_of(DType::i64), 8u);
  EXPECT_EQ(size_of(DType::boolean), 1u);
  EXPECT_EQ(name_of(DType::bf16), "bf16");
  EXPECT_EQ(name_of(DType::boolean), "bool");
}

}  // namespace
}  // namespace lacuna::graph
