#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/panels.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

constexpr Size kQueries = AttentionTask::kQueries, kKeys = AttentionTask::kKeys;

/// What the online softmax carries from one block of keys to the next.
struct Running {
  float peak[kQueries];
  float sum[kQueries];
};

/// 2^x for x <= 0 within 3 units in the last place, 2^-126 below (a share that no sum of shares near 1 feels). A NaN
/// stays one. Shorter than exponential(), because scores dominate attention for long sequences.
inline float power_of_two(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const float t = x < -126.0f ? -126.0f : x;
  const float shifted = t + kRound;
  const float r = t - (shifted - kRound);
  float p = 1.535336188319500e-4f;  // Cephes exp2f, |r| <= 1/2
  p = p * r + 1.339887440266574e-3f;
  p = p * r + 9.618437357674640e-3f;
  p = p * r + 5.550332471162809e-2f;
  p = p * r + 2.402264791363012e-1f;
  p = p * r + 6.931472028550421e-1f;
  p = p * r + 1.0f;
  return __builtin_bit_cast(float, __builtin_bit_cast(std::uint32_t, p) +
                                       (__builtin_bit_cast(std::uint32_t, shifted) << 23));
}

/// Probabilities are not negative and finite (or NaN): rounding half up is enough.
inline void store_probability(float* p, float x) { *p = x; }
inline void store_probability(Bf16* p, float x) {
  p->bits = std::uint16_t((__builtin_bit_cast(std::uint32_t, x) + 0x8000u) >> 16);
}

/// Scores of one row -> probabilities relative to the running peak; returns what earlier sums shrink by.
template <class T>
float advance(Running& running, Size r, const float* scores, Size n, float scale, T* probabilities) {
  // Everything in powers of two: scale carries log2(e).
  float peak = running.peak[r];
#pragma omp simd reduction(max : peak)
  for (Size j = 0; j < n; ++j) peak = larger(peak, scores[j] * scale);
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (Size j = 0; j < n; ++j) {
    const float p = power_of_two(scores[j] * scale - peak);
    store_probability(probabilities + j, p);
    sum += p;
  }
  for (Size j = n; j < round_up(n, 2); ++j) store(probabilities + j, 0.0f);
  const float shrink = power_of_two(running.peak[r] - peak);
  running.peak[r] = peak;
  running.sum[r] = running.sum[r] * shrink + sum;
  return shrink;
}

/// Bytes of scratch in the order of use.
struct Scratch {
  float* scores;
  float* mixed;
  void* probabilities;
  Running* running;

  Scratch(void* memory, Size padded_dim) {
    scores = static_cast<float*>(memory);
    mixed = scores + kQueries * kKeys;
    probabilities = mixed + kQueries * padded_dim;
    running = reinterpret_cast<Running*>(static_cast<float*>(probabilities) + kQueries * kKeys);
  }
};

template <class T>
void attend_as(const AttentionTask& t) {
  const Storage storage = t.queries.storage;
  const Size padded_dim = round_up(t.head_dim, kPanelColumns);
  const Size words = words_of(storage, t.head_dim), per_word = storage == Storage::bf16 ? 2 : 1;
  const float scale = t.scale * 1.44269504088896341f;
  const Scratch scratch(t.scratch, padded_dim);
  Running& running = *scratch.running;
  for (Size r = 0; r < t.rows; ++r) {
    running.peak[r] = -__builtin_inff();
    running.sum[r] = 0.0f;
  }
  for (Size begin = 0; begin < t.keys; begin += kKeys) {
    const Size n = least(kKeys, t.keys - begin);
    PanelProduct scores;
    scores.storage = storage;
    scores.a = t.queries.data;
    scores.a_stride = t.query_stride / per_word;
    scores.panels = static_cast<const Word*>(t.packed_keys) + begin * words;
    scores.panel_stride = words * kPanelColumns;
    scores.rows = t.rows;
    scores.columns = n;
    scores.depth = words;
    scores.c = scratch.scores;
    scores.c_stride = kKeys;
    t.multiply(scores);

    auto* probabilities = static_cast<T*>(scratch.probabilities);
    for (Size r = 0; r < t.rows; ++r) {
      const float shrink =
          advance(running, r, scratch.scores + r * kKeys, n, scale, probabilities + r * kKeys);
      if (begin == 0) continue;
#pragma omp simd
      for (Size d = 0; d < padded_dim; ++d) scratch.mixed[r * padded_dim + d] *= shrink;
    }
    PanelProduct mix;
    mix.storage = storage;
    mix.a = probabilities;
    mix.a_stride = kKeys / per_word;
    mix.panels = static_cast<const Word*>(t.packed_values) + begin / per_word * kPanelColumns;
    mix.panel_stride = words_of(storage, t.keys) * kPanelColumns;
    mix.rows = t.rows;
    mix.columns = t.head_dim;
    mix.depth = words_of(storage, n);
    mix.c = scratch.mixed;
    mix.c_stride = padded_dim;
    mix.mode = begin == 0 ? PanelProduct::Mode::overwrite : PanelProduct::Mode::accumulate;
    t.multiply(mix);
  }
  for (Size r = 0; r < t.rows; ++r) {
    const float share = 1.0f / running.sum[r];
    with_type(t.out.from(r * t.out_stride), [&](auto* out) {
#pragma omp simd
      for (Size d = 0; d < t.head_dim; ++d) store(out + d, scratch.mixed[r * padded_dim + d] * share);
    });
  }
}

void attend(const AttentionTask& t) {
  if (t.queries.storage == Storage::bf16) {
    attend_as<Bf16>(t);
  } else {
    attend_as<float>(t);
  }
}

}  // namespace

void fill_attention(Kernels& kernels) { kernels.attend = attend; }

}  // namespace lacuna::cpu::LACUNA_ISA
