#pragma once

#include <vector>

#include "fusion/canvas.h"
#include "runtime/samplers/sampler.h"

/// What end-of-text means inside a text span: it ends the text, so only end-of-text follows it.
namespace lacuna::generation {

/// Leaves out proposals of end-of-text at positions that have a known word after them in their span.
void drop_early_ends(const fusion::TokenSpace& space, const fusion::Canvas& canvas,
                     std::vector<samplers::PositionProposal>& proposals);

/// Reveals every masked position behind a revealed end-of-text as end-of-text.
void fill_after_end(const fusion::TokenSpace& space, fusion::Canvas& canvas);

}  // namespace lacuna::generation
