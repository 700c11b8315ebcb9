#include "runtime/generation/text_end.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using fusion::PositionState;

/// Last position of a text span that holds a known word; span.begin - 1 when there is none.
int last_word(const fusion::TokenSpace& space, const Canvas& canvas, const fusion::Span& span) {
  for (int i = span.end() - 1; i >= span.begin; --i) {
    const std::int32_t id = canvas.ids()[std::size_t(i)];
    if (id != space.mask && id != space.end_of_text) return i;
  }
  return span.begin - 1;
}

}  // namespace

void drop_early_ends(const fusion::TokenSpace& space, const Canvas& canvas,
                     std::vector<samplers::PositionProposal>& proposals) {
  for (const fusion::Span& span : canvas.spans()) {
    if (span.modality != Modality::text) continue;
    const int last = last_word(space, canvas, span);
    std::erase_if(proposals, [&](const samplers::PositionProposal& p) {
      return p.token == space.end_of_text && p.position >= span.begin && p.position < last;
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
