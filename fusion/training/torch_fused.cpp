#include "fusion/training/torch_fused.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

#include <algorithm>
#include <vector>

#include "fusion/training/cpu_kernels.h"

namespace lacuna::training {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kRowsEach = 64;  // rows that are worth a thread

kernels::Rows rows_of(const at::Tensor& x) {
  return {x.data_ptr(), x.scalar_type() == at::kBFloat16 ? kernels::Element::bf16 : kernels::Element::f32, x.size(-1)};
}

std::int64_t row_count(const at::Tensor& x) { return x.size(-1) == 0 ? 0 : x.numel() / x.size(-1); }

/// A kernel takes float32 and bf16 without gaps.
at::Tensor usable(const at::Tensor& x) {
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return (known ? x : x.to(at::kFloat)).contiguous();
}

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, double epsilon,
                            std::int64_t out) {
    const at::Tensor x = usable(input), w = weight.to(at::kFloat).contiguous();
    at::Tensor y = at::empty(x.sizes(), x.options().dtype(at::ScalarType(out)));
    at::Tensor inverse = at::empty({row_count(x)}, x.options().dtype(at::kFloat));
    at::parallel_for(0, row_count(x), kRowsEach, [&](std::int64_t begin, std::int64_t end) {
      kernels::rms_norm(rows_of(x), w.data_ptr<float>(), float(epsilon), rows_of(y), inverse.data_ptr<float>(), begin, end);
    });
    context->save_for_backward({x, w, inverse});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1], &inverse = saved[2];
    const at::Tensor dy = usable(gradients[0]);
    at::Tensor dx = at::empty_like(x);
    const std::int64_t rows = row_count(x), columns = x.size(-1);
    // Each part sums its own rows, so that the result does not depend on who is done first.
    const std::int64_t parts = std::max<std::int64_t>(1, std::min<std::int64_t>(at::get_num_threads(), rows / kRowsEach));
    at::Tensor sums = at::zeros({parts, columns}, w.options()), scratch = at::empty({parts, 3 * columns}, w.options());
    at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t part = first; part < last; ++part) {
        kernels::rms_norm_backward(rows_of(x), w.data_ptr<float>(), inverse.data_ptr<float>(), rows_of(dy), rows_of(dx),
                                   sums.data_ptr<float>() + part * columns, scratch.data_ptr<float>() + part * 3 * columns,
                                   rows * part / parts, rows * (part + 1) / parts);
      }
    });
    return {dx, at::sum(sums, {0}), at::Tensor(), at::Tensor()};
  }
};

struct Swiglu : torch::autograd::Function<Swiglu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_input, const at::Tensor& up_input) {
    const at::Tensor gate = usable(gate_input), up = usable(up_input);
    at::Tensor y = at::empty_like(gate);
    at::parallel_for(0, row_count(gate), kRowsEach, [&](std::int64_t begin, std::int64_t end) {
      kernels::swiglu(rows_of(gate), rows_of(up), rows_of(y), begin, end);
    });
    context->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1];
    const at::Tensor dy = usable(gradients[0]);
    at::Tensor dgate = at::empty_like(gate), dup = at::empty_like(up);
    at::parallel_for(0, row_count(gate), kRowsEach, [&](std::int64_t begin, std::int64_t end) {
      kernels::swiglu_backward(rows_of(gate), rows_of(up), rows_of(dy), rows_of(dgate), rows_of(dup), begin, end);
    });
    return {dgate, dup};
  }
};

at::Tensor turn(const at::Tensor& input, const at::Tensor& cosine, const at::Tensor& sine, const kernels::RopeShape& shape) {
  const at::Tensor x = usable(input);
  at::Tensor y = at::empty_like(x);
  at::parallel_for(0, row_count(x), kRowsEach, [&](std::int64_t begin, std::int64_t end) {
    kernels::rope(rows_of(x), cosine.data_ptr<float>(), sine.data_ptr<float>(), shape, rows_of(y), begin, end);
  });
  return y;
}

struct Rope : torch::autograd::Function<Rope> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cosine,
                            const at::Tensor& sine, std::int64_t head_dim, bool interleaved) {
    context->save_for_backward({cosine, sine});
    context->saved_data["head_dim"] = head_dim;
    context->saved_data["interleaved"] = interleaved;
    return turn(x, cosine, sine, {head_dim, cosine.size(1), interleaved, 1.0f});
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor dx = turn(gradients[0], saved[0], saved[1],
                               {context->saved_data["head_dim"].toInt(), saved[0].size(1),
                                context->saved_data["interleaved"].toBool(), -1.0f});
    return {dx, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

/// The same in torch calls, for devices without a kernel here.
at::Tensor rope_by_calls(const at::Tensor& x, const at::Tensor& cosine_f32, const at::Tensor& sine_f32,
                         const graph::RopeAttributes& a) {
  const std::int64_t rows = x.size(0), heads = x.size(1) / a.head_dim, pairs = cosine_f32.size(1);
  const at::Tensor cosine = cosine_f32.to(x.scalar_type()).unsqueeze(1), sine = sine_f32.to(x.scalar_type()).unsqueeze(1);
  const at::Tensor split = x.reshape({rows, heads, a.head_dim});
  const at::Tensor turned = split.narrow(2, 0, 2 * pairs);
  const bool half = a.layout == graph::RopeLayout::half;
  at::Tensor first, second;
  if (half) {
    first = turned.narrow(2, 0, pairs);
    second = turned.narrow(2, pairs, pairs);
  } else {
    const at::Tensor pairwise = turned.reshape({rows, heads, pairs, 2});
    first = pairwise.select(3, 0);
    second = pairwise.select(3, 1);
  }
  const at::Tensor u = at::addcmul(first * cosine, second, sine, -1);
  const at::Tensor v = at::addcmul(second * cosine, first, sine);
  std::vector<at::Tensor> parts;
  if (half) parts = {u, v};
  else parts = {at::stack({u, v}, 3).reshape({rows, heads, 2 * pairs})};
  if (2 * pairs < a.head_dim) parts.push_back(split.narrow(2, 2 * pairs, a.head_dim - 2 * pairs));
  return at::cat(parts, 2).reshape(x.sizes());
}

}  // namespace

at::Tensor fused_rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon, at::ScalarType out) {
  if (x.is_cpu()) return RmsNorm::apply(x, weight, epsilon, std::int64_t(out));
  const at::Tensor wide = x.to(at::kFloat);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 9)
  return at::rms_norm(wide, {wide.size(-1)}, weight, epsilon).to(out);
#else
  return (wide * at::rsqrt(at::mean(at::square(wide), {-1}, true) + epsilon) * weight).to(out);
#endif
}

at::Tensor fused_swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (gate.is_cpu() && gate.scalar_type() == up.scalar_type()) return Swiglu::apply(gate, up);
  return at::silu(gate) * up;
}

at::Tensor fused_rope(const at::Tensor& x, const at::Tensor& cosine, const at::Tensor& sine,
                      const graph::RopeAttributes& attributes) {
  if (!x.is_cpu()) return rope_by_calls(x, cosine, sine, attributes);
  return Rope::apply(x, cosine, sine, std::int64_t(attributes.head_dim),
                     attributes.layout == graph::RopeLayout::interleaved);
}

}  // namespace lacuna::training
