#include "fusion/graph/fused_ops.h"
#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::Shape;
using graph::Value;

void add_nearest(CaseList& list) {
  struct Size {
    std::int64_t batch, channels, height, width, codes;
  };
  for (const Size s : {Size{1, 1, 1, 1, 1}, {2, 13, 5, 7, 33}, {1, 16, 9, 3, 257}, {1, 32, 8, 8, 65}}) {
    const std::string size = std::to_string(s.channels) + "x" + std::to_string(s.codes);
    // Latents close to a code, so that rounding cannot make another one nearer.
    list.add("quantise_nearest", "quantise_nearest_" + size, {0.0, 0.0}, Gradient::none, [s](ProblemBuilder& p) {
      const auto codebook = p.numbers("codebook", std::size_t(s.codes * s.channels), {-2, 2});
      const std::int64_t pixels = s.height * s.width;
      auto z = p.numbers("noise", std::size_t(s.batch * s.channels * pixels), {-0.1f, 0.1f});
      const auto codes = p.whole_numbers("codes", std::size_t(s.batch * pixels), 0, std::int32_t(s.codes));
      for (std::int64_t i = 0; i < s.batch * pixels; ++i) {
        for (std::int64_t c = 0; c < s.channels; ++c) {
          const std::size_t at = std::size_t((i / pixels * s.channels + c) * pixels + i % pixels);
          z[at] += codebook[std::size_t(codes[std::size_t(i)] * s.channels + c)];
        }
      }
      const Value latents = p.input("z", {s.batch, s.channels, s.height, s.width}, z);
      p.output(quantise_nearest(p.b, latents, p.weight("codebook", {s.codes, s.channels}, codebook)));
    });
  }
  list.add("quantise_nearest", "quantise_nearest_ties", {0.0, 0.0}, Gradient::none, [](ProblemBuilder& p) {
    // Small whole numbers: repeated codes, and latents midway between two.
    const Value codebook = p.weight("codebook", {6, 2}, {4, 0, 0, 4, 0, 4, -4, 0, 0, 0, 4, 0});
    const Value z = p.input("z", {1, 2, 2, 3}, {0, 4, 2, 2, 0, -2, 4, 0, 2, 0, 2, 0});
    p.output(quantise_nearest(p.b, z, codebook));
  });
}

void add_sign(CaseList& list) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, {2, 13, 5, 7}, {1, 18, 3, 11}, {1, 24, 4, 4}}) {
    list.add("quantise_sign", "quantise_sign_" + std::to_string(shape[1]), {0.0, 0.0}, Gradient::none,
             [shape](ProblemBuilder& p) { p.output(quantise_sign(p.b, p.input("z", shape))); });
  }
  list.add("quantise_sign", "quantise_sign_of_zero_is_no", {0.0, 0.0}, Gradient::none, [](ProblemBuilder& p) {
    const Value z = p.input("z", {1, 3, 1, 3}, {0.0f, -0.0f, 1e-30f, 0.0f, 1.0f, -1e-30f, -1.0f, 0.0f, 0.0f});
    p.output(quantise_sign(p.b, z));
  });
}

}  // namespace

void add_quantiser_cases(CaseList& list) {
  add_nearest(list);
  add_sign(list);
}

}  // namespace lacuna::conformance
