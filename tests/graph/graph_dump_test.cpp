#include "fusion/graph/graph_dump.h"

#include <gtest/gtest.h>

#include "fusion/graph/fused_ops.h"

namespace lacuna::graph {
namespace {

TEST(GraphDump, PrintsOneNodeALine) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {7, 32});
  const Value positions = b.input("positions", DType::i32, {7, 2});
  const Value h = layer_norm(b, x, b.weight("norm.weight", {32}), std::nullopt, 1e-6f);
  const Value q = rope(b, h, positions, {16, {3, 4}, 10000.0f, RopeLayout::interleaved});
  const Value y = attention(b, q, h, h, {2, 2, 0.25f, {3, 4}});
  const Value z = b.affine(b.add(y, b.constant({1}, {2.0f})), {0.5f, -1.0f});
  const Value slices[] = {b.slice(z, {1, 0, 5}), b.slice(z, {1, 5, 32})};
  b.output("y", b.unary(b.concat(slices, 1), Unary::gelu_tanh));
  b.output("mean", b.reduce(b.permute(z, {1, 0}), Reduction::mean));
  EXPECT_EQ(dump(b.finish()),
            "input x : f32 [7, 32]\n"
            "input positions : i32 [7, 2]\n"
            "%3 = layer_norm(i:x, w:norm.weight) epsilon=1e-06 groups=1 : f32 [7, 32]\n"
            "%4 = rope(%3, i:positions) head_dim=16 sections=[3 4] theta=10000 interleaved : f32 [7, 32]\n"
            "%5 = attention(%4, %3, %3) heads=2 kv_heads=2 scale=0.25 segments=[3 4] : f32 [7, 32]\n"
            "%7 = add(%5, c:[1]) : f32 [7, 32]\n"
            "%8 = affine(%7) scale=0.5 shift=-1 : f32 [7, 32]\n"
            "%9 = slice(%8) axis=1 rows=0..5 : f32 [7, 5]\n"
            "%10 = slice(%8) axis=1 rows=5..32 : f32 [7, 27]\n"
            "%11 = concat(%9, %10) axis=1 : f32 [7, 32]\n"
            "%12 = unary(%11) gelu_tanh : f32 [7, 32]\n"
            "%13 = permute(%8) order=[1 0] : f32 [32, 7]\n"
            "%14 = reduce(%13) mean : f32 [32, 1]\n"
            "output y = %12\n"
            "output mean = %14\n");
}

TEST(GraphDump, ConvolutionAndMatmulShowTheirAttributes) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {1, 3, 8, 8});
  b.output("y", b.conv2d(x, b.weight("k", {5, 3, 3, 3}), b.weight("b", {5}), {2, 0, 0, 1, 1}));
  const Value m = b.input("m", DType::f32, {3, 5});
  b.output("z", b.matmul(m, m, {true}));
  EXPECT_EQ(dump(b.finish()),
            "input x : f32 [1, 3, 8, 8]\n"
            "input m : f32 [3, 5]\n"
            "%3 = conv2d(i:x, w:k, w:b) stride=2 pad=0,0,1,1 : f32 [1, 5, 4, 4]\n"
            "%5 = matmul(i:m, i:m) transpose_b : f32 [3, 3]\n"
            "output y = %3\n"
            "output z = %5\n");
}

}  // namespace
}  // namespace lacuna::graph
