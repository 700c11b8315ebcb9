#include "fusion/training/cpu_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

// The resolvers of cloned functions run before a sanitizer is ready.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define LACUNA_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LACUNA_CLONES
#endif
#define LACUNA_INLINE inline __attribute__((always_inline))

namespace lacuna::training::kernels {
namespace {

constexpr std::int64_t kLanes = 16;  // of a sum that the compiler may keep in vector registers

LACUNA_INLINE float widen(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
/// Round to nearest even. A NaN may become infinity, which the trainer's own check finds as well.
LACUNA_INLINE std::uint16_t narrow(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::uint16_t((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

LACUNA_INLINE void load(const Rows& rows, std::int64_t row, float* out) {
  const std::int64_t n = rows.columns;
  if (rows.element == Element::f32) {
    const float* in = static_cast<const float*>(rows.data) + row * n;
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[i];
  } else {
    const std::uint16_t* in = static_cast<const std::uint16_t*>(rows.data) + row * n;
    for (std::int64_t i = 0; i < n; ++i) out[i] = widen(in[i]);
  }
}

LACUNA_INLINE void store(const Rows& rows, std::int64_t row, const float* values) {
  const std::int64_t n = rows.columns;
  if (rows.element == Element::f32) {
    float* out = static_cast<float*>(rows.data) + row * n;
    for (std::int64_t i = 0; i < n; ++i) out[i] = values[i];
  } else {
    std::uint16_t* out = static_cast<std::uint16_t*>(rows.data) + row * n;
    for (std::int64_t i = 0; i < n; ++i) out[i] = narrow(values[i]);
  }
}

LACUNA_INLINE float dot(const float* a, const float* b, std::int64_t n) {
  float lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::int64_t k = 0; k < kLanes; ++k) lanes[k] += a[i + k] * b[i + k];
  }
  float sum = 0;
  for (; i < n; ++i) sum += a[i] * b[i];
  for (std::int64_t k = 0; k < kLanes; ++k) sum += lanes[k];
  return sum;
}

/// exp to about 1e-7 relative, without branches.
LACUNA_INLINE float fast_exp(float x) {
  x = std::min(88.0f, std::max(-87.0f, x));
  constexpr float kRound = 12582912.0f;  // adding and subtracting it rounds to an integer
  const float n = (x * 1.44269504f + kRound) - kRound;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * std::bit_cast<float>((std::int32_t(n) + 127) << 23);
}

LACUNA_INLINE float sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

}  // namespace

LACUNA_CLONES void rms_norm(Rows x, const float* w, float epsilon, Rows y, float* inverse, std::int64_t begin,
                            std::int64_t end) {
  const std::int64_t n = x.columns;
  std::vector<float> row(static_cast<std::size_t>(n));
  float* v = row.data();
  for (std::int64_t i = begin; i < end; ++i) {
    load(x, i, v);
    const float r = 1.0f / std::sqrt(dot(v, v, n) / float(n) + epsilon);
    inverse[i] = r;
    for (std::int64_t j = 0; j < n; ++j) v[j] *= r * w[j];
    store(y, i, v);
  }
}

LACUNA_CLONES void rms_norm_backward(Rows x, const float* w, const float* inverse, Rows dy, Rows dx, float* dw,
                                     float* scratch, std::int64_t begin, std::int64_t end) {
  const std::int64_t n = x.columns;
  float *hat = scratch, *g = scratch + n, *out = scratch + 2 * n;
  for (std::int64_t i = begin; i < end; ++i) {
    load(x, i, hat);
    load(dy, i, g);
    const float r = inverse[i];
    for (std::int64_t j = 0; j < n; ++j) {
      hat[j] *= r;
      dw[j] += g[j] * hat[j];
      g[j] *= w[j];
    }
    const float mean = dot(g, hat, n) / float(n);
    for (std::int64_t j = 0; j < n; ++j) out[j] = r * (g[j] - hat[j] * mean);
    store(dx, i, out);
  }
}

LACUNA_CLONES void swiglu(Rows gate, Rows up, Rows y, std::int64_t begin, std::int64_t end) {
  const std::int64_t n = gate.columns;
  std::vector<float> memory(static_cast<std::size_t>(2 * n));
  float *a = memory.data(), *b = a + n;
  for (std::int64_t i = begin; i < end; ++i) {
    load(gate, i, a);
    load(up, i, b);
    for (std::int64_t j = 0; j < n; ++j) a[j] *= sigmoid(a[j]) * b[j];
    store(y, i, a);
  }
}

LACUNA_CLONES void swiglu_backward(Rows gate, Rows up, Rows dy, Rows dgate, Rows dup, std::int64_t begin,
                                   std::int64_t end) {
  const std::int64_t n = gate.columns;
  std::vector<float> memory(static_cast<std::size_t>(3 * n));
  float *a = memory.data(), *b = a + n, *g = b + n;
  for (std::int64_t i = begin; i < end; ++i) {
    load(gate, i, a);
    load(up, i, b);
    load(dy, i, g);
    for (std::int64_t j = 0; j < n; ++j) {
      const float s = sigmoid(a[j]), silu = a[j] * s;
      const float up_value = b[j];
      b[j] = g[j] * silu;
      a[j] = g[j] * up_value * (s + silu * (1.0f - s));
    }
    store(dgate, i, a);
    store(dup, i, b);
  }
}

LACUNA_CLONES void rope(Rows x, const float* cosine, const float* sine, const RopeShape& shape, Rows y,
                        std::int64_t begin, std::int64_t end) {
  const std::int64_t n = x.columns, pairs = shape.pairs;
  std::vector<float> memory(static_cast<std::size_t>(2 * n));
  float *in = memory.data(), *out = in + n;
  for (std::int64_t i = begin; i < end; ++i) {
    load(x, i, in);
    for (std::int64_t j = 0; j < n; ++j) out[j] = in[j];  // what lies behind the pairs is copied
    const float *c = cosine + i * pairs, *s = sine + i * pairs;
    for (std::int64_t head = 0; head < n; head += shape.head_dim) {
      const float* a = in + head;
      float* o = out + head;
      if (shape.interleaved) {
        for (std::int64_t j = 0; j < pairs; ++j) {
          const float turn = shape.direction * s[j];
          o[2 * j] = a[2 * j] * c[j] - a[2 * j + 1] * turn;
          o[2 * j + 1] = a[2 * j + 1] * c[j] + a[2 * j] * turn;
        }
      } else {
        for (std::int64_t j = 0; j < pairs; ++j) {
          const float turn = shape.direction * s[j];
          o[j] = a[j] * c[j] - a[pairs + j] * turn;
          o[pairs + j] = a[pairs + j] * c[j] + a[j] * turn;
        }
      }
    }
    store(y, i, out);
  }
}

LACUNA_CLONES void adam_step(float* values, float* gradients, float* mean, float* square, float* ema,
                             const AdamStep& step, std::int64_t begin, std::int64_t end) {
  const AdamStep s = step;
  for (std::int64_t i = begin; i < end; ++i) {
    const float g = gradients[i] * s.clip;
    gradients[i] = 0.0f;
    const float m = mean[i] = mean[i] + s.mean_decay * (g - mean[i]);
    const float v = square[i] = square[i] * (1.0f - s.square_decay) + s.square_decay * g * g;
    values[i] = values[i] * s.weight_factor - s.mean_factor * m / (std::sqrt(v) * s.root_factor + s.epsilon);
  }
  if (ema == nullptr) return;
  for (std::int64_t i = begin; i < end; ++i) ema[i] += s.ema_share * (values[i] - ema[i]);
}

}  // namespace lacuna::training::kernels
