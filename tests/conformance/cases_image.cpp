#include "fusion/graph/fused_ops.h"
#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::Conv2dAttributes;
using graph::NormAttributes;
using graph::Shape;
using graph::Value;

constexpr Tolerance kConv{1e-5, 2e-2};

struct ConvCase {
  std::string name;
  Shape x, w;
  Conv2dAttributes attributes;
};

void add_conv2d(CaseList& list) {
  const Conv2dAttributes same{1, 1, 1, 1, 1};
  const std::vector<ConvCase> cases = {
      {"1x1", {1, 33, 9, 7}, {17, 33, 1, 1}, {}},
      {"3x3_same", {2, 5, 9, 7}, {33, 5, 3, 3}, same},
      {"picture_in", {1, 3, 33, 33}, {32, 3, 3, 3}, same},
      {"picture_out", {1, 32, 17, 17}, {3, 32, 3, 3}, same},
      {"wide", {1, 64, 8, 8}, {64, 64, 3, 3}, same},
      {"no_padding", {1, 3, 9, 8}, {5, 3, 3, 3}, {}},
      {"stride_2_right_and_bottom", {1, 8, 16, 16}, {8, 8, 3, 3}, {2, 0, 0, 1, 1}},
      {"stride_2_odd_size", {2, 8, 17, 13}, {9, 8, 3, 3}, {2, 0, 0, 1, 1}},
      {"stride_2_top_and_left", {1, 4, 16, 15}, {8, 4, 3, 3}, {2, 1, 1, 0, 0}},
      {"four_different_sides", {1, 4, 7, 6}, {5, 4, 3, 3}, {1, 0, 1, 2, 3}},
      {"kernel_4_stride_3", {1, 3, 17, 11}, {5, 3, 4, 4}, {3, 0, 0, 0, 0}},
      {"kernel_1x5", {1, 3, 7, 9}, {5, 3, 1, 5}, {1, 0, 2, 0, 2}},
      {"kernel_covers_the_input", {2, 3, 4, 4}, {7, 3, 4, 4}, {}},
      {"patches", {1, 3, 16, 16}, {33, 3, 4, 4}, {4, 0, 0, 0, 0}},
      {"one_pixel", {1, 1, 1, 1}, {1, 1, 1, 1}, {}},
      {"one_pixel_padded", {1, 3, 1, 1}, {3, 3, 3, 3}, same},
  };
  for (const ConvCase& c : cases) {
    list.add("conv2d", "conv2d_" + c.name, kConv, Gradient::smooth, [c](ProblemBuilder& p) {
      p.output(p.b.conv2d(p.input("x", c.x), p.weight("w", c.w), p.weight("b", {c.w[0]}), c.attributes));
    });
  }
  list.add("conv2d", "conv2d_without_bias", kConv, Gradient::smooth, [=](ProblemBuilder& p) {
    p.output(p.b.conv2d(p.input("x", {1, 5, 9, 9}), p.weight("w", {33, 5, 3, 3}), std::nullopt, same));
  });
}

void add_group_norm(CaseList& list) {
  const auto add = [&](const std::string& name, Shape shape, int groups, Range range) {
    list.add("group_norm", "group_norm_" + name, {2e-5, 2e-2}, Gradient::smooth, [=](ProblemBuilder& p) {
      const Value w = p.weight("w", {shape[1]}, Range{0.5f, 1.5f}), bias = p.weight("b", {shape[1]});
      p.output(group_norm(p.b, p.input("x", shape, range), w, bias, NormAttributes{1e-6f, groups}));
    });
  };
  add("one_group", {2, 33, 5, 7}, 1, {});
  add("eleven_groups", {2, 33, 5, 7}, 11, {});
  add("each_channel", {1, 33, 9, 9}, 33, {});
  add("32_groups_of_64", {1, 64, 8, 8}, 32, {});
  add("one_pixel", {3, 32, 1, 1}, 4, {});
  add("far_from_zero", {1, 8, 9, 9}, 2, {4.0f, 5.0f});
  list.add("group_norm", "group_norm_of_a_constant_picture", {2e-5, 2e-2}, Gradient::none, [](ProblemBuilder& p) {
    const Value x = p.input("x", {1, 4, 3, 3}, std::vector<float>(36, 2.0f));
    p.output(group_norm(p.b, x, p.weight("w", {4}), p.weight("b", {4}), NormAttributes{1e-6f, 2}));
  });
}

}  // namespace

void add_image_cases(CaseList& list) {
  add_conv2d(list);
  for (const Shape& shape : {Shape{1, 1, 1, 1}, {2, 33, 5, 7}, {1, 3, 1, 33}}) {
    list.add("upsample_nearest2x", "upsample_nearest2x_" + std::to_string(shape.elements()), {0.0, 0.0}, Gradient::smooth,
             [shape](ProblemBuilder& p) { p.output(p.b.upsample_nearest2x(p.input("x", shape))); });
  }
  list.add("upsample_nearest2x", "upsample_nearest2x_then_conv2d", kConv, Gradient::smooth, [](ProblemBuilder& p) {
    const Value x = p.b.upsample_nearest2x(p.input("x", {1, 8, 5, 7}));
    p.output(p.b.conv2d(x, p.weight("w", {9, 8, 3, 3}), p.weight("b", {9}), {1, 1, 1, 1, 1}));
  });
  add_group_norm(list);
}

}  // namespace lacuna::conformance
