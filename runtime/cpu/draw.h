#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/graph/proposal.h"

/// The categorical draw of proposal.h for engines whose logits are in host memory.
namespace lacuna::cpu {

/// One row of the `keys` input of `draw` and `propose`.
struct DrawKey {
  std::uint32_t key_low = 0;
  std::uint32_t key_high = 0;
  std::uint32_t step = 0;
  std::uint32_t position = 0;
  std::int32_t banned = -1;  // class that is not drawn; -1 = none
};

/// Working memory of top-k, top-p and banned classes, one for each thread.
class DrawScratch {
 public:
  struct Candidate {
    double weight = 0.0;  // exp((logit - peak) / temperature)
    float logit = 0.0f;
    std::int32_t token = 0;
  };
  /// Takes the memory for rows of `classes`, so that later draws allocate nothing.
  void reserve(std::size_t classes) {
    candidates_.reserve(2 * classes);
    row_.reserve(classes);
  }
  std::vector<Candidate>& candidates() { return candidates_; }
  /// A row of logits changed before the draw.
  std::vector<float>& row() { return row_; }

 private:
  std::vector<Candidate> candidates_;
  std::vector<float> row_;
};

/// Throws std::invalid_argument naming the field: temperature finite and >= 0, guidance scale finite,
/// top-k >= 0, top-p in [0, 1].
void validate(const graph::SamplingParameters& parameters);

/// The uniform in (0, 1) that belongs to `key`: Philox4x32-10 at counter {position, step, token stream, 0}.
double uniform_of(const DrawKey& key);

/// Proposes a class for one row of logits (graph/proposal.h has the definition), with the uniform of `key` and
/// without its banned class, whose probability counts as 0 in all that is reported.
/// `unconditional` is empty or as long as `logits`; it counts only when guidance_scale is not 1.
/// -inf is a class that is never drawn. A row with NaN or +inf, or without a finite logit, gives token 0
/// with log_prob, margin and entropy NaN. Equal logits at the edge of top-k or top-p are kept in class
/// order. The result is the same bit for bit on every instruction set. Parameters are not validated here,
/// but no value of theirs leads outside [0, logits.size()). Expects at least one class.
graph::Proposal draw_row(std::span<const float> logits, std::span<const float> unconditional,
                         const graph::SamplingParameters& parameters, const DrawKey& key, DrawScratch& scratch);

/// draw_row with the uniform given, in (0, 1).
graph::Proposal draw_row_at(std::span<const float> logits, std::span<const float> unconditional,
                            const graph::SamplingParameters& parameters, double uniform, DrawScratch& scratch);

/// `draw` on whole tensors: logits [M, V], unconditional [M, V] or empty, sampling [4], keys [M, 5] ->
/// proposals [M, 4]. Throws std::invalid_argument for parameters that validate() refuses.
void draw_rows(std::span<const float> logits, std::span<const float> unconditional, std::span<const float> sampling,
               std::span<const std::int32_t> keys, std::span<float> proposals, DrawScratch& scratch);

}  // namespace lacuna::cpu
