#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/math.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

void rms_norm(ConstReals x, const float* weight, float epsilon, Reals y, Size n) {
  with_types(x, y, [&](auto* from, auto* to) {
    float squares = 0.0f;
#pragma omp simd reduction(+ : squares)
    for (Size i = 0; i < n; ++i) squares += load(from + i) * load(from + i);
    const float scale = 1.0f / __builtin_sqrtf(squares / float(n) + epsilon);
#pragma omp simd
    for (Size i = 0; i < n; ++i) store(to + i, load(from + i) * scale * weight[i]);
  });
}

void layer_norm(ConstReals x, const float* weight, const float* bias, float epsilon, Reals y, Size n) {
  with_types(x, y, [&](auto* from, auto* to) {
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (Size i = 0; i < n; ++i) sum += load(from + i);
    const float mean = sum / float(n);
    float squares = 0.0f;
#pragma omp simd reduction(+ : squares)
    for (Size i = 0; i < n; ++i) {
      const float centred = load(from + i) - mean;
      squares += centred * centred;
    }
    const float scale = 1.0f / __builtin_sqrtf(squares / float(n) + epsilon);
    if (bias != nullptr) {
#pragma omp simd
      for (Size i = 0; i < n; ++i) store(to + i, (load(from + i) - mean) * scale * weight[i] + bias[i]);
    } else {
#pragma omp simd
      for (Size i = 0; i < n; ++i) store(to + i, (load(from + i) - mean) * scale * weight[i]);
    }
  });
}

void softmax(ConstReals x, Reals y, Size n) {
  with_types(x, y, [&](auto* from, auto* to) {
    float peak = load(from);
#pragma omp simd reduction(max : peak)
    for (Size i = 0; i < n; ++i) peak = larger(peak, load(from + i));
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (Size i = 0; i < n; ++i) sum += exponential(load(from + i) - peak);
    const float scale = 1.0f / sum;
#pragma omp simd
    for (Size i = 0; i < n; ++i) store(to + i, exponential(load(from + i) - peak) * scale);
  });
}

float reduce(graph::Reduction reduction, ConstReals x, Size n) {
  float result = 0.0f;
  with_type(x, [&](auto* from) {
    if (reduction == graph::Reduction::max) {
      float peak = load(from);
#pragma omp simd reduction(max : peak)
      for (Size i = 0; i < n; ++i) peak = larger(peak, load(from + i));
      result = peak;
    } else {
      float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
      for (Size i = 0; i < n; ++i) sum += load(from + i);
      result = reduction == graph::Reduction::mean ? sum / float(n) : sum;
    }
  });
  return result;
}

Size argmax(const float* x, Size n) {
  float peak = x[0];
#pragma omp simd reduction(max : peak)
  for (Size i = 0; i < n; ++i) peak = larger(peak, x[i]);
  for (Size i = 0; i < n; ++i) {
    if (x[i] == peak) return i;
  }
  return 0;
}

template <class In, class Out>
void rotate_halves(const RopeRow& row, const In* x, Out* y) {
  const Size pairs = row.pairs;
#pragma omp simd
  for (Size j = 0; j < pairs; ++j) {
    const float u = load(x + j), v = load(x + pairs + j);
    store(y + j, u * row.cosines[j] - v * row.sines[j]);
    store(y + pairs + j, v * row.cosines[j] + u * row.sines[j]);
  }
}

template <class In, class Out>
void rotate_neighbours(const RopeRow& row, const In* x, Out* y) {
#pragma omp simd
  for (Size j = 0; j < row.pairs; ++j) {
    const float u = load(x + 2 * j), v = load(x + 2 * j + 1);
    store(y + 2 * j, u * row.cosines[j] - v * row.sines[j]);
    store(y + 2 * j + 1, v * row.cosines[j] + u * row.sines[j]);
  }
}

void rope(const RopeRow& row, ConstReals x, Reals y) {
  with_types(x, y, [&](auto* from, auto* to) {
    for (Size head = 0; head < row.heads; ++head, from += row.head_dim, to += row.head_dim) {
      if (row.layout == graph::RopeLayout::half) {
        rotate_halves(row, from, to);
      } else {
        rotate_neighbours(row, from, to);
      }
      for (Size j = 2 * row.pairs; j < row.head_dim; ++j) store(to + j, load(from + j));
    }
  });
}

float quantise_row(ConstReals x, std::uint8_t* codes, Size n) {
  float scale = 1.0f;
  with_type(x, [&](auto* from) {
    float peak = 0.0f;
#pragma omp simd reduction(max : peak)
    for (Size i = 0; i < n; ++i) peak = larger(peak, __builtin_fabsf(load(from + i)));
    if (peak > 0.0f) scale = peak / 127.0f;
    const float inverse = 1.0f / scale;
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
#pragma omp simd
    for (Size i = 0; i < n; ++i) {
      const float shifted = load(from + i) * inverse + (12582912.0f + 128.0f);
      codes[i] = std::uint8_t(__builtin_bit_cast(std::uint32_t, shifted));
    }
  });
  return scale;
}

}  // namespace

void fill_rows(Kernels& kernels) {
  kernels.rms_norm = rms_norm;
  kernels.layer_norm = layer_norm;
  kernels.softmax = softmax;
  kernels.reduce = reduce;
  kernels.argmax = argmax;
  kernels.rope = rope;
  kernels.quantise_row = quantise_row;
}

}  // namespace lacuna::cpu::LACUNA_ISA
