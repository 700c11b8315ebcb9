#pragma once

#include "fusion/canvas.h"
#include "runtime/samplers/sampler.h"

/// What end-of-text means inside a text span: it ends the text, so only end-of-text follows it.
namespace lacuna::generation {

/// Position of the last known word of a text span, or span.begin - 1 when there is none. No end-of-text may be
/// drawn before it.
int last_word(const fusion::TokenSpace& space, const fusion::Canvas& canvas, const fusion::Span& span);

/// Takes back those reveals of end-of-text that have a word of the same moves behind them; the positions stay
/// masked and are drawn again.
void drop_early_ends(const fusion::TokenSpace& space, const fusion::Canvas& canvas, samplers::Moves& moves);

/// Reveals every masked position behind a revealed end-of-text as end-of-text.
void fill_after_end(const fusion::TokenSpace& space, fusion::Canvas& canvas);

}  // namespace lacuna::generation
