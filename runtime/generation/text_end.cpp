#include "runtime/generation/text_end.h"

#include <algorithm>

namespace lacuna::generation {

using fusion::Canvas;
using fusion::Modality;
using fusion::PositionState;

int last_word(const fusion::TokenSpace& space, const Canvas& canvas, const fusion::Span& span) {
  for (int i = span.end() - 1; i >= span.begin; --i) {
    const std::int32_t id = canvas.ids()[std::size_t(i)];
    if (id != space.mask && id != space.end_of_text) return i;
  }
  return span.begin - 1;
}

void drop_early_ends(const fusion::TokenSpace& space, const Canvas& canvas, samplers::Moves& moves) {
  for (const fusion::Span& span : canvas.spans()) {
    if (span.modality != Modality::text) continue;
    int last = span.begin - 1;
    for (const samplers::Reveal& r : moves.reveal) {
      const bool inside = r.position >= span.begin && r.position < span.end();
      if (inside && r.token != space.end_of_text) last = std::max(last, r.position);
    }
    std::erase_if(moves.reveal, [&](const samplers::Reveal& r) {
      return r.token == space.end_of_text && r.position >= span.begin && r.position < last;
    });
  }
}

void fill_after_end(const fusion::TokenSpace& space, Canvas& canvas) {
  for (const fusion::Span span : canvas.spans()) {
    if (span.modality != Modality::text) continue;
    bool ended = false;
    for (int i = span.begin; i < span.end(); ++i) {
      const auto state = canvas.states()[std::size_t(i)];
      if (ended && state == PositionState::masked) canvas.reveal(i, space.end_of_text);
      ended = ended || (state == PositionState::revealed && canvas.ids()[std::size_t(i)] == space.end_of_text);
    }
  }
}

}  // namespace lacuna::generation
