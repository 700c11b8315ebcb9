// What the passes of the categorical draw share (fusion/graph/proposal.h has the definition): bindings, a row's logits,
// its peaks and its weights. A row is looked at in `blocks` blocks of `block` classes.
#include "wide.glsl"

layout(constant_id = 0) const bool GUIDED = false;
layout(binding = 0) readonly buffer Logits { float logits[]; };
layout(binding = 1) readonly buffer Unconditional { float unconditional[]; };
layout(binding = 2) readonly buffer Sampling { float sampling[4]; };  // temperature, guidance scale, top-k, top-p
layout(binding = 3) readonly buffer Keys { int keys[]; };
layout(push_constant) uniform Push { uint rows; uint first_row; uint classes; uint block; uint blocks; };

#define kInfinity uintBitsToFloat(0x7f800000u)
const uint kPeakWords = 4;  // of a block: first, second, class of the first, whether it is poisoned
const uint kSumWords = 6;   // of a block: sum at temperature 1, weighted sum, sum at the temperature

float logit_at(uint row, uint i) {
  const uint at = row * classes + i;
  if (int(i) == keys[(first_row + row) * 5 + 4]) return -kInfinity;
  if (!GUIDED || sampling[1] == 1.0) return logits[at];
  precise const float u = unconditional[at];
  precise const float v = u + sampling[1] * (logits[at] - u);
  return v;
}

// NaN or +inf, by bits: compilers may assume that there are none.
bool is_poison(float v) {
  const uint bits = floatBitsToUint(v);
  return (bits & 0x7f800000u) == 0x7f800000u && bits != 0xff800000u;
}
bool is_excluded(float v) { return floatBitsToUint(v) == 0xff800000u; }

// Larger numbers have larger places, both zeros one. By bits: devices may take subnormals for zeros when they compare.
uint place_of(float v) {
  const uint bits = floatBitsToUint(v), magnitude = bits & 0x7fffffffu;
  return (bits & 0x80000000u) != 0u ? 0x80000000u - magnitude : 0x80000000u + magnitude;
}
float at_place(uint place) {
  return uintBitsToFloat(place >= 0x80000000u ? place - 0x80000000u : (0x80000000u - place) | 0x80000000u);
}

struct Temperature {
  bool is_zero;  // argmax
  vec2 inverse;
};
Temperature temperature_of() {
  const float t = sampling[0];
  if (!(t > 0.0)) return Temperature(true, vec2(1.0, 0.0));
  const float clamped = max(t, 1e-30);
  precise const float q = 1.0 / clamped;
  const vec2 product = two_product(q, clamped);
  precise const float rest = ((1.0 - product.x) - product.y) / clamped;
  return Temperature(false, quick_two_sum(q, rest));
}

// exp((v - peak) * inverse), 0 for excluded classes; `scaled` is its argument.
vec2 weight_of(float v, float peak, vec2 inverse, out vec2 scaled) {
  scaled = vec2(0.0);
  if (is_excluded(v) || !((v - peak) * inverse.x > kWideExpFloor)) return vec2(0.0);
  scaled = wide_multiply(two_sum(v, -peak), inverse);
  return wide_exp(scaled);
}
vec2 weight_of(float v, float peak, vec2 inverse) {
  vec2 scaled;
  return weight_of(v, peak, inverse, scaled);
}
