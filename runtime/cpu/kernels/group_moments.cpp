#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/math.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

/// Channels whose sums are held at once.
constexpr Size kBlock = 256;

/// Two passes, the first one relative to the first element, so that a mean far from zero costs no precision.
template <class T>
Moments moments_of_group(const T* x, Size pixels, Size channels, Size width) {
  float lanes[kBlock];
  const float pivot = load(x);
  float total = 0.0f;
  for (Size begin = 0; begin < width; begin += kBlock) {
    const Size n = least(kBlock, width - begin);
    for (Size i = 0; i < n; ++i) lanes[i] = 0.0f;
    for (Size p = 0; p < pixels; ++p) {
#pragma omp simd
      for (Size i = 0; i < n; ++i) lanes[i] += load(x + p * channels + begin + i) - pivot;
    }
    for (Size i = 0; i < n; ++i) total += lanes[i];
  }
  const float mean = pivot + total / float(pixels * width);
  float deviation = 0.0f;
  for (Size begin = 0; begin < width; begin += kBlock) {
    const Size n = least(kBlock, width - begin);
    for (Size i = 0; i < n; ++i) lanes[i] = 0.0f;
    for (Size p = 0; p < pixels; ++p) {
#pragma omp simd
      for (Size i = 0; i < n; ++i) {
        const float centred = load(x + p * channels + begin + i) - mean;
        lanes[i] += centred * centred;
      }
    }
    for (Size i = 0; i < n; ++i) deviation += lanes[i];
  }
  return {mean, deviation};
}

/// All channels side by side when they fit: groups are often narrower than a vector.
template <class T>
void moments_of_row(const T* x, Size pixels, Size channels, Size groups, Moments* moments) {
  const Size width = channels / groups;
  float sums[kBlock], means[kBlock];
  for (Size i = 0; i < channels; ++i) {
    sums[i] = 0.0f;
    means[i] = load(x + i / width * width);
  }
  for (Size p = 0; p < pixels; ++p) {
#pragma omp simd
    for (Size i = 0; i < channels; ++i) sums[i] += load(x + p * channels + i) - means[i];
  }
  for (Size g = 0; g < groups; ++g) {
    float total = 0.0f;
    for (Size i = 0; i < width; ++i) total += sums[g * width + i];
    moments[g].mean = means[g * width] + total / float(pixels * width);
    for (Size i = 0; i < width; ++i) means[g * width + i] = moments[g].mean;
  }
  for (Size i = 0; i < channels; ++i) sums[i] = 0.0f;
  for (Size p = 0; p < pixels; ++p) {
#pragma omp simd
    for (Size i = 0; i < channels; ++i) {
      const float centred = load(x + p * channels + i) - means[i];
      sums[i] += centred * centred;
    }
  }
  for (Size g = 0; g < groups; ++g) {
    moments[g].deviation = 0.0f;
    for (Size i = 0; i < width; ++i) moments[g].deviation += sums[g * width + i];
  }
}

void group_moments(ConstReals x, Size pixels, Size channels, Size groups, Moments* moments) {
  with_type(x, [&](auto* from) {
    if (channels <= kBlock) return moments_of_row(from, pixels, channels, groups, moments);
    const Size width = channels / groups;
    for (Size g = 0; g < groups; ++g) {
      moments[g] = moments_of_group(from + g * width, pixels, channels, width);
    }
  });
}

}  // namespace

void fill_group_moments(Kernels& kernels) { kernels.group_moments = group_moments; }

}  // namespace lacuna::cpu::LACUNA_ISA
