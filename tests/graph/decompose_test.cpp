#include "fusion/graph/decompose.h"

#include <gtest/gtest.h>

#include "fusion/graph/fused_ops.h"
#include "tests/graph/expect_error.h"

namespace lacuna::graph {
namespace {

TEST(Decompose, RefusesPrimitives) {
  GraphBuilder b;
  const Value x[] = {b.input("x", DType::f32, {3})};
  expect_error([&] { decompose(b, Op::unary, UnaryAttributes{}, x); }, "decompose", "unary");
}

TEST(Decompose, RopeCopiesWhatIsNotRotated) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {5, 24}), p = b.input("p", DType::i32, {5, 2});
  for (RopeLayout layout : {RopeLayout::half, RopeLayout::interleaved}) {
    const RopeAttributes attributes{12, {2, 3}, 100.0f, layout};
    const Value inputs[] = {x, p};
    EXPECT_EQ(b.shape(decompose(b, Op::rope, attributes, inputs)), (Shape{5, 24}));
  }
}

TEST(Decompose, ASectionOfNoPairsIsAllowed) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {5, 24}), p = b.input("p", DType::i32, {5, 3});
  const Value inputs[] = {x, p};
  EXPECT_EQ(b.shape(decompose(b, Op::rope, RopeAttributes{12, {0, 3, 0}}, inputs)), (Shape{5, 24}));
}

}  // namespace
}  // namespace lacuna::graph
