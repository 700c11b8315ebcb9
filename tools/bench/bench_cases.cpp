#include <string>

#include "fusion/graph/fused_ops.h"
#include "tools/bench/bench_case.h"
#include "tools/bench/transformer_stack.h"

namespace lacuna::bench {
namespace {

using graph::DType;
using graph::Graph;
using graph::GraphBuilder;
using graph::Value;

std::string text(std::int64_t n) { return std::to_string(n); }

BenchCase gemm(std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  BenchCase c;
  c.suite = Suite::gemm;
  c.name = text(rows) + " x " + text(columns) + " x " + text(depth);
  c.rows = rows;
  c.build = [=](std::int64_t m) {
    GraphBuilder b;
    const Value x = b.input("x", DType::f32, {m, depth});
    b.output("y", b.linear(x, b.weight("w", {columns, depth})));
    return b.finish();
  };
  return c;
}

BenchCase attention(std::int64_t rows, int heads, std::int64_t head_dim) {
  BenchCase c;
  c.suite = Suite::attention;
  c.name = text(rows) + " rows, " + text(heads) + " heads of " + text(head_dim);
  c.rows = rows;
  c.verified_rows = 65;
  c.build = [=](std::int64_t m) {
    GraphBuilder b;
    const graph::Shape shape{m, heads * head_dim};
    const Value q = b.input("q", DType::f32, shape), k = b.input("k", DType::f32, shape), v = b.input("v", DType::f32, shape);
    b.output("y", graph::attention(b, q, k, v, {heads, heads, 0.125f, {m}}));
    return b.finish();
  };
  return c;
}

BenchCase convolution(std::int64_t size, std::int64_t in, std::int64_t out) {
  BenchCase c;
  c.suite = Suite::convolution;
  c.name = text(size) + " x " + text(size) + ", " + text(in) + " -> " + text(out) + " channels, norm, 3 x 3";
  c.rows = size;
  c.verified_rows = 8;
  c.build = [=](std::int64_t n) {
    GraphBuilder b;
    Value x = b.input("x", DType::f32, {1, in, n, n});
    x = graph::group_norm(b, x, b.weight("norm", {in}), b.weight("norm.bias", {in}), {1e-6f, 32});
    x = b.unary(x, graph::Unary::silu);
    b.output("y", b.conv2d(x, b.weight("w", {out, in, 3, 3}), b.weight("b", {out}), {1, 1, 1, 1, 1}));
    return b.finish();
  };
  return c;
}

BenchCase stack(const StackShape& shape, std::int64_t tokens) {
  BenchCase c;
  c.suite = Suite::stack;
  c.name = text(shape.layers) + " layers of " + text(shape.width) + ", " + text(tokens) + " tokens";
  c.rows = tokens;
  c.verified_rows = 4;
  c.id_bound = std::int32_t(shape.vocabulary);
  c.build = [=](std::int64_t m) { return transformer_stack(shape, m); };
  // Rounding adds up over the layers.
  c.tolerance_f32 = 1e-3;
  c.tolerance_bf16 = 8e-2;
  c.tolerance_int8 = 0.2;
  return c;
}

/// The denoiser that ships with the project. A picture with its words is 82 tokens; guidance takes it twice.
constexpr StackShape kShipped{4, 256, 4, 768, 3351};
constexpr std::int64_t kOnePicture = 2 * 82, kFourPictures = 8 * 82;

}  // namespace

std::vector<BenchCase> cases_of(Suite suite, Scale scale) {
  const bool large = scale == Scale::large;
  std::vector<BenchCase> cases;
  switch (suite) {
    case Suite::gemm:
      for (std::int64_t rows : {kOnePicture, kFourPictures}) {
        constexpr std::int64_t kWidth = kShipped.width, kInner = kShipped.inner;
        for (auto [columns, depth] : {std::pair{kWidth, kWidth}, {kInner, kWidth}, {kWidth, kInner}}) {
          cases.push_back(gemm(rows, columns, depth));
        }
      }
      if (!large) break;
      for (std::int64_t rows : {160, 544, 1066}) {
        for (auto [columns, depth] : {std::pair{4096, 4096}, {12288, 4096}, {4096, 12288}}) cases.push_back(gemm(rows, columns, depth));
      }
      break;
    case Suite::attention:
      for (std::int64_t rows : {kOnePicture, kFourPictures}) cases.push_back(attention(rows, kShipped.heads, 64));
      if (!large) break;
      for (std::int64_t rows : {1066, 4096}) cases.push_back(attention(rows, 8, 128));
      break;
    case Suite::convolution:
      cases.push_back(convolution(128, 64, 64));
      cases.push_back(convolution(64, 128, 128));
      break;
    case Suite::stack:
      for (std::int64_t tokens : {kOnePicture, kFourPictures}) cases.push_back(stack(kShipped, tokens));
      if (!large) break;
      for (std::int64_t tokens : {160, 288, 544}) cases.push_back(stack({12, 768, 12, 3072, 32000}, tokens));
      break;
  }
  return cases;
}

}  // namespace lacuna::bench
