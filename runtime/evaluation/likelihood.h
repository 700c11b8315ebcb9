#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/generation/model.h"

namespace lacuna::evaluation {

/// A picture and its text, both complete: ids of the token space for the whole text span, 0-based codes.
struct Pair {
  std::vector<std::int32_t> text;
  std::vector<std::int32_t> codes;
};

/// The pair of a caption and codes; the text is filled up with end-of-text. Throws std::invalid_argument where the
/// caption is too long or the codes are not as many as the canvas has.
Pair make_pair(const generation::Model& model, std::string_view caption, std::span<const std::int32_t> codes);

/// The two forms of the bound (fusion/masked_diffusion_loss.h).
enum class BoundForm : std::uint8_t { token_count, continuous_time };

struct BoundOptions {
  BoundForm form = BoundForm::token_count;
  int draws = 16;          // masks a pair, stratified over the mask rate: one in each of as many equal intervals
  std::uint64_t seed = 0;  // the same seed gives every pair the same masks, so that differences vary less
};

/// An upper bound in nats on -log P(the span of `target` | the other modality), estimated for each pair. The rule of the
/// loop about ends of texts does not enter: this is the network's own distribution.
/// Throws std::invalid_argument for draws < 1.
std::vector<double> conditional_bounds(generation::Denoiser& denoiser, std::span<const Pair> pairs,
                                       fusion::Modality target, const BoundOptions& options);

/// A canvas whose text span is these ids of the token space, masks among them.
using TextCanvas = std::function<fusion::Canvas(std::span<const std::int32_t>)>;

/// The same for a text on its own: an upper bound in nats on -log P(text[known...] | text[0...known)), whatever else the
/// canvas holds masked. Throws std::invalid_argument for draws < 1 and a text without a token to be judged.
double text_bound(generation::Denoiser& denoiser, std::span<const std::int32_t> text, int known,
                  const TextCanvas& canvas_of, const BoundOptions& options);

}  // namespace lacuna::evaluation
