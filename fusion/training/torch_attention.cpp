#include "fusion/training/torch_attention.h"

#include <torch/version.h>

#include <algorithm>
#include <vector>

namespace lacuna::training {
namespace {

/// q [B, H, N, hd], k and v [B, H, N, hd], bias [B, 1, N, N] or undefined.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias, double scale) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)
  if (bias.defined()) return at::scaled_dot_product_attention(q, k, v, bias.to(q.scalar_type()), 0.0, false, scale);
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, false, scale);
#else
  at::Tensor scores = at::matmul(q * scale, k.transpose(-2, -1));
  if (bias.defined()) scores = scores.to(at::kFloat) + bias;
  return at::matmul(at::softmax(scores, -1, at::kFloat).to(v.scalar_type()), v);
#endif
}

/// Rows of sequences of equal length [B * N, heads * hd] -> [B, heads, N, hd].
at::Tensor to_heads(const at::Tensor& x, std::int64_t batch, std::int64_t heads) {
  const std::int64_t rows = x.size(0) / batch;
  return x.view({batch, rows, heads, x.size(1) / heads}).transpose(1, 2);
}

at::Tensor attend_batch(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
                        std::int64_t batch, const graph::AttentionAttributes& a) {
  at::Tensor seen;
  if (bias.defined()) {
    const std::int64_t rows = q.size(0) / batch;
    seen = bias.reshape({batch, 1, rows, bias.size(1)}).narrow(3, 0, rows);
  }
  at::Tensor keys = to_heads(k, batch, a.kv_heads), values = to_heads(v, batch, a.kv_heads);
  if (a.kv_heads != a.heads) {
    const std::int64_t group = a.heads / a.kv_heads;
    keys = keys.repeat_interleave(group, 1);
    values = values.repeat_interleave(group, 1);
  }
  const at::Tensor mixed = attend(to_heads(q, batch, a.heads), keys, values, seen, a.scale);
  return mixed.transpose(1, 2).reshape({q.size(0), q.size(1)});
}

}  // namespace

at::Tensor torch_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const graph::AttentionAttributes& a, const at::Tensor& bias) {
  const auto& segments = a.segments;
  const bool equal = std::all_of(segments.begin(), segments.end(),
                                 [&](std::int64_t n) { return n == segments.front(); });
  if (equal && !segments.empty() && segments.front() > 0) {
    return attend_batch(q.contiguous(), k.contiguous(), v.contiguous(), bias, std::int64_t(segments.size()), a);
  }
  std::vector<at::Tensor> sequences;
  std::int64_t begin = 0;
  for (const std::int64_t n : segments) {
    if (n > 0) {
      sequences.push_back(attend_batch(q.narrow(0, begin, n).contiguous(), k.narrow(0, begin, n).contiguous(),
                                       v.narrow(0, begin, n).contiguous(),
                                       bias.defined() ? bias.narrow(0, begin, n) : bias, 1, a));
    }
    begin += n;
  }
  return sequences.empty() ? at::zeros_like(q) : at::cat(sequences, 0);
}

}  // namespace lacuna::training
