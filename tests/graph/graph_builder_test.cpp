#include "fusion/graph/graph_builder.h"

#include <gtest/gtest.h>

#include <vector>

#include "fusion/graph/fused_ops.h"
#include "tests/graph/expect_error.h"

namespace lacuna::graph {
namespace {

/// Inputs of many shapes, made on demand.
class BuilderTest : public testing::Test {
 protected:
  Value real(Shape shape) { return b.input("x" + std::to_string(count_++), DType::f32, shape); }
  Value integers(Shape shape) { return b.input("i" + std::to_string(count_++), DType::i32, shape); }
  GraphBuilder b;

 private:
  int count_ = 0;
};

TEST_F(BuilderTest, ShapesOfPrimitives) {
  EXPECT_EQ(b.shape(b.gather_rows(real({257, 33}), integers({5}))), (Shape{5, 33}));
  EXPECT_EQ(b.shape(b.linear(real({2, 7, 33}), real({65, 33}), real({65}))), (Shape{2, 7, 65}));
  EXPECT_EQ(b.shape(b.matmul(real({3, 5, 7}), real({3, 7, 9}))), (Shape{3, 5, 9}));
  EXPECT_EQ(b.shape(b.matmul(real({3, 5, 7}), real({3, 9, 7}), {true})), (Shape{3, 5, 9}));
  EXPECT_EQ(b.shape(b.add(real({2, 3, 4}), real({3, 1}))), (Shape{2, 3, 4}));
  EXPECT_EQ(b.shape(b.multiply(real({2, 3}), real({}))), (Shape{2, 3}));
  EXPECT_EQ(b.shape(b.reduce(real({2, 33}), Reduction::max)), (Shape{2, 1}));
  EXPECT_EQ(b.shape(b.softmax(real({2, 33}))), (Shape{2, 33}));
  EXPECT_EQ(b.shape(b.reshape(real({2, 33}), {66})), (Shape{66}));
  EXPECT_EQ(b.shape(b.permute(real({2, 3, 5}), {2, 0, 1})), (Shape{5, 2, 3}));
  EXPECT_EQ(b.shape(b.slice(real({2, 33}), {-1, 1, 4})), (Shape{2, 3}));
  const Value parts[] = {real({2, 3}), real({2, 5})};
  EXPECT_EQ(b.shape(b.concat(parts, -1)), (Shape{2, 8}));
  EXPECT_EQ(b.shape(b.argmax(real({2, 3, 9}))), (Shape{2, 3}));
  EXPECT_EQ(b.shape(b.conv2d(real({1, 3, 9, 8}), real({5, 3, 3, 3}), std::nullopt, {2, 0, 0, 1, 1})),
            (Shape{1, 5, 4, 4}));
  EXPECT_EQ(b.shape(b.upsample_nearest2x(real({1, 3, 5, 7}))), (Shape{1, 3, 10, 14}));
  EXPECT_EQ(b.shape(b.draw(real({4, 9}), std::nullopt, real({4}), integers({4, 5}))), (Shape{4, 4}));
}

TEST_F(BuilderTest, DtypesFollowTheOp) {
  EXPECT_EQ(b.dtype(b.cast(integers({3}))), DType::f32);
  EXPECT_EQ(b.dtype(b.cast(real({3}))), DType::i32);
  EXPECT_EQ(b.dtype(b.argmax(real({3, 2}))), DType::i32);
  EXPECT_EQ(b.dtype(b.slice(integers({3}), {0, 0, 1})), DType::i32);
  EXPECT_EQ(b.dtype(b.gather_rows(integers({3, 2}), integers({1}))), DType::i32);
}

TEST_F(BuilderTest, ErrorsOfPrimitivesNameOpExpectedAndGot) {
  const Value x = real({2, 33}), i = integers({5}), four = real({1, 3, 8, 8});
  expect_error([&] { b.gather_rows(real({3}), i); }, "gather_rows", "[3]");
  expect_error([&] { b.gather_rows(x, x); }, "gather_rows", "f32 [2, 33]");
  expect_error([&] { b.linear(x, real({5, 34})); }, "linear", "[2, 33]");
  expect_error([&] { b.linear(x, real({5, 33}), real({6})); }, "linear", "[6]");
  expect_error([&] { b.linear(x, real({33})); }, "linear", "[33]");
  expect_error([&] { b.matmul(x, real({34, 5})); }, "matmul", "[2, 33] and [34, 5]");
  expect_error([&] { b.matmul(real({2, 3, 4}), real({3, 4, 5})); }, "matmul", "[3, 4, 5]");
  expect_error([&] { b.matmul(x, real({1, 33, 5})); }, "matmul", "[1, 33, 5]");
  expect_error([&] { b.add(x, real({3, 33})); }, "add", "[3, 33]");
  expect_error([&] { b.subtract(real({33}), x); }, "subtract", "[2, 33]");
  expect_error([&] { b.multiply(x, real({2})); }, "multiply", "[2]");
  expect_error([&] { b.reduce(real({3, 0}), Reduction::sum); }, "reduce", "[3, 0]");
  expect_error([&] { b.softmax(real({})); }, "softmax", "[]");
  expect_error([&] { b.reshape(x, {67}); }, "reshape", "[67]");
  expect_error([&] { b.permute(x, {0, 0}); }, "permute", "2 axes");
  expect_error([&] { b.slice(x, {1, 5, 34}); }, "slice", "5..34");
  expect_error([&] { b.slice(x, {1, 5, 4}); }, "slice", "5..4");
  expect_error([&] { b.slice(x, {2, 0, 1}); }, "slice", "2");
  expect_error([&] { b.concat({}, 0); }, "concat", "none");
  const Value uneven[] = {x, real({3, 34})};
  expect_error([&] { b.concat(uneven, 0); }, "concat", "[3, 34]");
  const Value mixed[] = {i, real({5})};
  expect_error([&] { b.concat(mixed, 0); }, "concat", "[5]");
  expect_error([&] { b.argmax(real({})); }, "argmax", "[]");
  expect_error([&] { b.conv2d(x, real({5, 3, 3, 3}), std::nullopt, {}); }, "conv2d", "[2, 33]");
  expect_error([&] { b.conv2d(four, real({5, 4, 3, 3}), std::nullopt, {}); }, "conv2d", "[5, 4, 3, 3]");
  expect_error([&] { b.conv2d(four, real({5, 3, 9, 3}), std::nullopt, {}); }, "conv2d", "[1, 3, 8, 8]");
  expect_error([&] { b.conv2d(four, real({5, 3, 3, 3}), real({4}), {}); }, "conv2d", "[4]");
  expect_error([&] { b.conv2d(four, real({5, 3, 3, 3}), std::nullopt, {0}); }, "conv2d", "stride 0");
  expect_error([&] { b.upsample_nearest2x(x); }, "upsample_nearest2x", "[2, 33]");
  expect_error([&] { b.draw(x, real({2, 32}), real({4}), integers({2, 5})); }, "draw", "[2, 32]");
  expect_error([&] { b.draw(x, std::nullopt, real({3}), integers({2, 5})); }, "draw", "[3]");
  expect_error([&] { b.draw(x, std::nullopt, real({4}), integers({2, 4})); }, "draw", "[2, 4]");
  expect_error([&] { b.draw(x, std::nullopt, real({4}), integers({3, 5})); }, "draw", "[3, 5]");
}

TEST_F(BuilderTest, ErrorsOfFusedOpsNameOpExpectedAndGot) {
  const Value x = real({6, 32}), z = real({1, 6, 4, 5}), p = integers({6, 1});
  expect_error([&] { rms_norm(b, x, real({33}), 1e-5f); }, "rms_norm", "[33]");
  expect_error([&] { layer_norm(b, x, real({32}), real({31}), 1e-5f); }, "layer_norm", "[31]");
  expect_error([&] { group_norm(b, z, real({6}), real({6}), {1e-5f, 4}); }, "group_norm", "4");
  expect_error([&] { group_norm(b, x, real({6}), real({6}), {1e-5f, 1}); }, "group_norm", "[6, 32]");
  expect_error([&] { swiglu(b, x, real({6, 31})); }, "swiglu", "[6, 31]");
  expect_error([&] { rope(b, x, p, {5, {1}}); }, "rope", "[6, 32]");
  expect_error([&] { rope(b, x, p, {8, {5}}); }, "rope", "5");
  expect_error([&] { rope(b, x, p, {8, {5, -2}}); }, "rope", "-2");
  expect_error([&] { rope(b, x, p, {8, {2, 2}}); }, "rope", "[6, 1]");
  expect_error([&] { rope(b, x, real({6, 1}), {8, {2}}); }, "rope", "[6, 1]");
  expect_error([&] { attention(b, x, x, x, {5, 5, 1.0f, {6}}); }, "attention", "[6, 32]");
  expect_error([&] { attention(b, x, x, x, {4, 3, 1.0f, {6}}); }, "attention", "3");
  expect_error([&] { attention(b, x, x, x, {4, 2, 1.0f, {6}}); }, "attention", "[6, 32]");
  expect_error([&] { attention(b, x, x, x, {4, 4, 1.0f, {3, 2}}); }, "attention", "5");
  expect_error([&] { attention(b, x, x, x, {4, 4, 1.0f, {6, 0}}); }, "attention", "0");
  expect_error([&] { propose(b, x, std::nullopt, real({9, 31}), real({4}), integers({6, 5})); }, "propose",
               "[9, 31]");
  expect_error([&] { propose(b, x, real({5, 32}), real({9, 32}), real({4}), integers({6, 5})); }, "propose",
               "[5, 32]");
  expect_error([&] { propose(b, x, std::nullopt, real({9, 32}), real({4}), integers({2, 4})); }, "propose",
               "[2, 4]");
  expect_error([&] { quantise_nearest(b, z, real({9, 5})); }, "quantise_nearest", "[9, 5]");
  expect_error([&] { quantise_sign(b, x); }, "quantise_sign", "[6, 32]");
}

TEST_F(BuilderTest, ArithmeticRefusesIntegers) {
  const Value i = integers({2, 3}), x = real({2, 3});
  expect_error([&] { b.add(x, i); }, "add", "i32 [2, 3]");
  expect_error([&] { b.linear(i, real({5, 3})); }, "linear", "i32 [2, 3]");
  expect_error([&] { b.unary(i, Unary::exp); }, "unary", "i32 [2, 3]");
  expect_error([&] { b.argmax(i); }, "argmax", "i32 [2, 3]");
  expect_error([&] { swiglu(b, x, i); }, "swiglu", "i32 [2, 3]");
  expect_error([&] { b.draw(i, std::nullopt, real({4}), integers({2, 5})); }, "draw", "i32 [2, 3]");
  EXPECT_NO_THROW(b.permute(i, {1, 0}));
}

TEST_F(BuilderTest, AWeightIsOneValueForOneName) {
  const Value w = b.weight("layer.weight", {3, 5});
  EXPECT_EQ(b.weight("layer.weight", {3, 5}).id, w.id);
  EXPECT_NE(b.weight("layer.bias", {3}).id, w.id);
  expect_error([&] { b.weight("layer.weight", {5, 3}); }, "weight", "[5, 3]");
}

TEST_F(BuilderTest, NamesOfInputsAndOutputsAreUnique) {
  const Value x = b.input("x", DType::f32, {3});
  EXPECT_THROW(b.input("x", DType::f32, {3}), std::invalid_argument);
  EXPECT_THROW(b.input("y", DType::bf16, {3}), std::invalid_argument);
  const Value y = b.unary(x, Unary::exp);
  EXPECT_THROW(b.output("same", x), std::invalid_argument);
  b.output("y", y);
  EXPECT_THROW(b.output("again", y), std::invalid_argument);
  EXPECT_THROW(b.output("y", b.unary(x, Unary::sin)), std::invalid_argument);
}

TEST_F(BuilderTest, ForeignAndMissingValuesAreRefused) {
  EXPECT_THROW(b.shape(Value{}), std::invalid_argument);
  EXPECT_THROW(b.shape(Value{99}), std::invalid_argument);
  EXPECT_THROW(b.constant({3}, {1.0f}), std::invalid_argument);
  EXPECT_THROW(b.finish(), std::invalid_argument);
}

TEST_F(BuilderTest, FinishLeavesTheBuilderEmpty) {
  b.output("y", b.unary(real({3}), Unary::exp));
  EXPECT_EQ(b.finish().nodes.size(), 1u);
  EXPECT_THROW(b.finish(), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::graph
