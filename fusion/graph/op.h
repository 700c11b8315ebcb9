#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace lacuna::graph {

/// What a node computes. Shapes and attributes are documented on the GraphBuilder function (primitives)
/// or the free function in fused_ops.h (fused) of the same name.
enum class Op : std::uint8_t {
  // Primitives: every engine has them.
  gather_rows,
  linear,
  matmul,
  add,
  subtract,
  multiply,
  affine,
  unary,
  reduce,
  softmax,
  reshape,
  permute,
  slice,
  concat,
  cast,
  argmax,
  conv2d,
  upsample_nearest2x,
  draw,
  // Fused: an engine may claim them; lower() expands the rest.
  rms_norm,
  layer_norm,
  group_norm,
  swiglu,
  rope,
  attention,
  propose,
  quantise_nearest,
  quantise_sign,
};

/// True for the ops that lower() can expand.
constexpr bool is_fused(Op op) { return op >= Op::rms_norm; }
std::string_view name_of(Op op);

enum class Unary : std::uint8_t { negate, exp, log, sqrt, rsqrt, square, sin, cos, tanh, sigmoid, silu, gelu_erf, gelu_tanh, relu };
std::string_view name_of(Unary function);

enum class Reduction : std::uint8_t { sum, mean, max };
std::string_view name_of(Reduction reduction);

/// y = scale * x + shift.
struct AffineAttributes {
  float scale = 1.0f;
  float shift = 0.0f;
};
struct UnaryAttributes {
  Unary function = Unary::negate;
};
struct ReduceAttributes {
  Reduction reduction = Reduction::sum;
};
struct PermuteAttributes {
  std::vector<int> order;
};
struct SliceAttributes {
  int axis = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
struct ConcatAttributes {
  int axis = 0;
};
struct MatmulAttributes {
  bool transpose_b = false;
};
/// Zero padding in pixels, each side on its own (released encoders pad right and bottom only).
struct Conv2dAttributes {
  int stride = 1;
  int pad_top = 0;
  int pad_left = 0;
  int pad_bottom = 0;
  int pad_right = 0;
};
/// epsilon under the root; groups is used by group_norm alone.
struct NormAttributes {
  float epsilon = 1e-5f;
  int groups = 1;
};
/// How the two members of a rotated pair lie in a head: j and j + rotary/2, or 2j and 2j + 1.
enum class RopeLayout : std::uint8_t { half, interleaved };
/// Rotary position embedding. Pair j belongs to the position axis whose section it falls in, and turns
/// by position[axis] * theta^(-local_j / section_size), local_j counted inside its section.
struct RopeAttributes {
  int head_dim = 0;
  std::vector<int> sections;  // pairs for each position axis; 2 * sum <= head_dim, the rest is copied
  float theta = 10000.0f;
  RopeLayout layout = RopeLayout::half;
};
/// Bidirectional attention inside each segment of consecutive rows; no segment sees another.
struct AttentionAttributes {
  int heads = 1;
  int kv_heads = 1;
  float scale = 1.0f;
  std::vector<std::int64_t> segments;  // rows of each sequence, sum = rows of the inputs
};

using Attributes =
    std::variant<std::monostate, AffineAttributes, UnaryAttributes, ReduceAttributes, PermuteAttributes,
                 SliceAttributes, ConcatAttributes, MatmulAttributes, Conv2dAttributes, NormAttributes,
                 RopeAttributes, AttentionAttributes>;

}  // namespace lacuna::graph
