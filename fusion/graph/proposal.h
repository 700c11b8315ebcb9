#pragma once

#include <cstdint>

namespace lacuna::graph {

/// Runtime parameters of `draw` and `propose`, the elements of their f32 [4] input.
struct SamplingParameters {
  float temperature = 1.0f;     // 0 = argmax (the first of equals)
  float guidance_scale = 1.0f;  // logits = unconditional + scale * (conditional - unconditional); 1 = off
  float top_k = 0.0f;           // keep the k largest; 0 = off
  float top_p = 1.0f;           // keep the smallest set with mass >= p (the token that crosses is kept); 1 = off
};

/// One row of the output of `draw` and `propose`: f32 [M, 4].
///   token        class drawn from softmax(logits / temperature) after top-k, then top-p; an exact draw by
///                inverse CDF in class order over float64 sums with one 53-bit Philox uniform, so no tail
///                is cut off (arXiv 2409.02908 section 5 on what a float32 Gumbel draw does instead)
///   log_prob     log softmax(logits)[token] at temperature 1, unfiltered, after guidance
///   margin       p(1st) - p(2nd) of softmax(logits), 1 when there is one class
///   entropy      of softmax(logits), nats
/// A row's banned class (last word of its keys) has logit -inf in all of this. A row with NaN, +inf or no finite
/// logit gives token 0 and NaN for the rest.
struct Proposal {
  float token = 0.0f;  // relative to the first class of the slice; exact up to 2^24 classes
  float log_prob = 0.0f;
  float margin = 0.0f;
  float entropy = 0.0f;
};
static_assert(sizeof(Proposal) == 16);

}  // namespace lacuna::graph
