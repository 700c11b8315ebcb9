#include "runtime/weights/block_quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "runtime/weights/convert.h"

namespace lacuna::weights {
namespace {

using graph::DType;

constexpr int kBlock = static_cast<int>(graph::kBlock);
using Codes = std::array<float, kBlock>;  // whole numbers

[[noreturn]] void fail(const std::string& message) {
  throw std::invalid_argument("[quantize_blocks] expected " + message);
}

/// A factor as it will be stored, and as an engine will read it.
struct Factor {
  std::uint16_t bits = 0;
  float value = 0;

  explicit Factor(float wanted) : bits(float_to_f16(wanted)), value(f16_to_float(bits)) {
    if (!std::isfinite(value)) fail("values that an f16 factor can scale, got one that is too large");
  }
};

/// Codes in [lowest, highest] of (value - minimum) / scale, and the squared error they leave. Written for the compiler's
/// vectors: this is nearly all of the time that quantising takes.
float round_codes(const float* values, float scale, float minimum, float lowest, float highest, float* codes) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer
  constexpr int kLanes = 8;
  const float inverse = scale == 0 ? 0 : 1 / scale;
  float error[kLanes] = {};
  for (int at = 0; at < kBlock; at += kLanes) {
    for (int i = 0; i < kLanes; ++i) {
      const float steps = (values[at + i] - minimum) * inverse;
      const float low = steps < lowest ? lowest : steps;
      const float code = ((low > highest ? highest : low) + kRound) - kRound;
      codes[at + i] = code;
      const float difference = code * scale + minimum - values[at + i];
      error[i] += difference * difference;
    }
  }
  float sum = 0;
  for (const float part : error) sum += part;
  return sum;
}

/// A candidate for a block, and whether it is the best so far.
struct Best {
  float error = std::numeric_limits<float>::infinity();
  Codes codes{};
  Factor scale{0};
  Factor minimum{0};

  void offer(const float* values, Factor new_scale, Factor new_minimum, float lowest, float highest) {
    Codes candidate;
    const float candidate_error =
        round_codes(values, new_scale.value, new_minimum.value, lowest, highest, candidate.data());
    if (!(candidate_error < error)) return;
    error = candidate_error;
    codes = candidate;
    scale = new_scale;
    minimum = new_minimum;
  }
};

/// The element of largest magnitude.
float peak(const float* values) {
  float largest = 0;
  for (int i = 0; i < kBlock; ++i) {
    if (!std::isfinite(values[i])) fail("finite values, got NaN or infinity");
    if (std::fabs(values[i]) > std::fabs(largest)) largest = values[i];
  }
  return largest;
}

void pack_nibbles(const Codes& codes, int offset, std::byte* out) {
  for (std::size_t i = 0; i < kBlock / 2; ++i) {
    const int low = static_cast<int>(codes[i]) + offset, high = static_cast<int>(codes[i + kBlock / 2]) + offset;
    out[i] = static_cast<std::byte>(low | high << 4);
  }
}

/// Least squares: the scale and minimum that suit the codes best.
void offer_refit(Best& best, const float* values) {
  float n = kBlock, sum_c = 0, sum_cc = 0, sum_v = 0, sum_cv = 0;
  for (int i = 0; i < kBlock; ++i) {
    const float code = best.codes[static_cast<std::size_t>(i)];
    sum_c += code;
    sum_cc += code * code;
    sum_v += values[i];
    sum_cv += code * values[i];
  }
  const float determinant = n * sum_cc - sum_c * sum_c;
  if (determinant <= 0) return;
  const float scale = (n * sum_cv - sum_c * sum_v) / determinant;
  const float minimum = (sum_v - scale * sum_c) / n;
  constexpr float kLargestF16 = 65504;
  if (!(std::fabs(scale) <= kLargestF16 && std::fabs(minimum) <= kLargestF16)) return;
  best.offer(values, Factor(scale), Factor(minimum), 0, 15);
}

Best fit_q8_0(const float* values) {
  Best best;
  best.offer(values, Factor(std::fabs(peak(values)) / 127), Factor(0), -127, 127);
  return best;
}

Best fit_q4_0(const float* values) {
  const float largest = peak(values);
  Best best;
  best.offer(values, Factor(0), Factor(0), -8, 7);
  // In eighths: -8 and -7 are among them, so that what is in q4_0 already comes back as it is.
  for (int step = -4; step < 12; ++step) {
    best.offer(values, Factor(largest / (-8 + 0.125f * static_cast<float>(step))), Factor(0), -8, 7);
  }
  return best;
}

Best fit_q4_1(const float* values) {
  peak(values);
  const auto [low, high] = std::minmax_element(values, values + kBlock);
  Best best;
  best.offer(values, Factor(0), Factor(*low), 0, 15);
  // The ends of the range are worth less than a finer step: cut up to 1.1 steps at each of them.
  for (int step = 0; step < 12; ++step) {
    const float cut = 0.1f * static_cast<float>(step) / 15;
    const float range = *high - *low;
    Best candidate;
    candidate.offer(values, Factor(range * (1 - 2 * cut) / 15), Factor(*low + range * cut), 0, 15);
    offer_refit(candidate, values);
    if (candidate.error < best.error) best = candidate;
  }
  offer_refit(best, values);
  return best;
}

}  // namespace

void quantize_block(DType dtype, const float* values, std::byte* codes, std::uint16_t& scale,
                    std::uint16_t& minimum) {
  Best best;
  if (dtype == DType::q8_0) {
    best = fit_q8_0(values);
    for (std::size_t i = 0; i < kBlock; ++i) {
      codes[i] = static_cast<std::byte>(static_cast<std::int8_t>(best.codes[i]));
    }
  } else if (dtype == DType::q4_0) {
    best = fit_q4_0(values);
    pack_nibbles(best.codes, 8, codes);
  } else if (dtype == DType::q4_1) {
    best = fit_q4_1(values);
    pack_nibbles(best.codes, 0, codes);
  } else {
    fail("q8_0, q4_0 or q4_1, got " + std::string(name_of(dtype)));
  }
  scale = best.scale.bits;
  minimum = best.minimum.bits;
}

QuantizedBlocks quantize_blocks(std::span<const float> values, std::int64_t rows, std::int64_t columns,
                                DType dtype) {
  if (!graph::is_block_quantised(dtype)) fail("q8_0, q4_0 or q4_1, got " + std::string(name_of(dtype)));
  const graph::Shape shape{rows, columns};
  if (columns % kBlock != 0) fail("a multiple of 32 columns, got " + std::to_string(columns));
  if (shape.elements() != static_cast<std::int64_t>(values.size())) {
    fail(std::to_string(shape.elements()) + " values for " + shape.to_string() + ", got " +
         std::to_string(values.size()));
  }
  const std::size_t blocks = values.size() / kBlock, step = graph::block_bytes(dtype);
  QuantizedBlocks out{dtype, shape, std::vector<std::byte>(blocks * step), std::vector<std::uint16_t>(blocks), {}};
  if (dtype == DType::q4_1) out.minimum.resize(blocks);
  for (std::size_t block = 0; block < blocks; ++block) {
    std::uint16_t minimum = 0;
    quantize_block(dtype, values.data() + block * kBlock, out.codes.data() + block * step, out.scale[block], minimum);
    if (!out.minimum.empty()) out.minimum[block] = minimum;
  }
  return out;
}

}  // namespace lacuna::weights
