#include <algorithm>
#include <cmath>

#include "runtime/cpu/reference_ops.h"

namespace lacuna::cpu::reference {
namespace {

struct Rows {
  std::size_t count = 0;
  std::size_t width = 0;
};

Rows rows_of(const ReferenceTensor& x) {
  const std::size_t width = std::size_t(x.shape[-1]);
  return {x.size() / width, width};
}

}  // namespace

void reduce(const graph::ReduceAttributes& attributes, Inputs in, Output out) {
  const Rows rows = rows_of(in[0]);
  for (std::size_t row = 0; row < rows.count; ++row) {
    const auto x = in[0].f32().subspan(row * rows.width, rows.width);
    if (attributes.reduction == graph::Reduction::max) {
      out.f32()[row] = *std::ranges::max_element(x);
      continue;
    }
    double sum = 0.0;
    for (float value : x) sum += double(value);
    if (attributes.reduction == graph::Reduction::mean) sum /= double(rows.width);
    out.f32()[row] = float(sum);
  }
}

void softmax(Inputs in, Output out) {
  const Rows rows = rows_of(in[0]);
  for (std::size_t row = 0; row < rows.count; ++row) {
    const auto x = in[0].f32().subspan(row * rows.width, rows.width);
    const auto y = out.f32().subspan(row * rows.width, rows.width);
    const double peak = double(*std::ranges::max_element(x));
    double sum = 0.0;
    for (float value : x) sum += std::exp(double(value) - peak);
    for (std::size_t i = 0; i < rows.width; ++i) y[i] = float(std::exp(double(x[i]) - peak) / sum);
  }
}

void argmax(Inputs in, Output out) {
  const Rows rows = rows_of(in[0]);
  for (std::size_t row = 0; row < rows.count; ++row) {
    const auto x = in[0].f32().subspan(row * rows.width, rows.width);
    out.i32()[row] = std::int32_t(std::ranges::max_element(x) - x.begin());
  }
}

}  // namespace lacuna::cpu::reference
