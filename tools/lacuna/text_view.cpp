#include "tools/lacuna/text_view.h"

#include <cstdio>

namespace lacuna::tools {
namespace {

constexpr const char* kBlock = "\xE2\x96\x91";      // U+2591, light shade
constexpr const char* kWordStart = "\xE2\x96\x81";  // U+2581, what SentencePiece writes for a space
constexpr const char* kNewColour = "\x1b[1;32m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kPlain = "\x1b[0m";

enum class Look { masked, known, fresh };

/// Neighbouring positions of one look.
struct Run {
  Look look = Look::known;
  std::vector<std::int32_t> pieces;  // ids of the tokenizer
  std::size_t count = 0;
};

std::vector<Run> runs_of(const fusion::TokenSpace& space, std::span<const std::int32_t> ids,
                         const std::vector<std::int32_t>& before) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == space.end_of_text) continue;
    const bool is_new = i < before.size() && before[i] == space.mask;
    const Look look = ids[i] == space.mask ? Look::masked : is_new ? Look::fresh : Look::known;
    if (runs.empty() || runs.back().look != look) runs.push_back({look, {}, 0});
    ++runs.back().count;
    if (look != Look::masked) runs.back().pieces.push_back(ids[i] - space.text.begin);
  }
  return runs;
}

}  // namespace

std::string text_line(const generation::Model& model, const fusion::Canvas& canvas,
                      const std::vector<std::int32_t>& before, bool colours) {
  const fusion::TokenSpace& space = model.family->tokens();
  std::string line;
  for (const Run& run : runs_of(space, canvas.ids(fusion::Modality::text), before)) {
    std::string text;
    bool starts_word = true;
    if (run.look == Look::masked) {
      for (std::size_t i = 0; i < run.count; ++i) text += kBlock;
    } else {
      // A whole vocabulary has rows that are no pieces.
      std::vector<std::int32_t> pieces = run.pieces;
      std::erase_if(pieces, [&](std::int32_t id) { return id >= model.text->size(); });
      if (pieces.empty()) continue;
      starts_word = model.text->piece(pieces.front()).starts_with(kWordStart);
      text = model.text->decode(pieces);
    }
    if (starts_word && !line.empty()) line += ' ';
    if (run.look == Look::fresh) {
      line += colours ? kNewColour + text + kPlain : "[" + text + "]";
    } else if (run.look == Look::masked && colours) {
      line += kDim + text + kPlain;
    } else {
      line += text;
    }
  }
  return line;
}

void TextView::show(const generation::StepReport& report) {
  if (before_.size() != report.canvases.size() || report.step == 1) {
    // All that is not known from the start was masked before the first step.
    before_.clear();
    for (const fusion::Canvas& canvas : report.canvases) {
      std::vector<std::int32_t> ids;
      const fusion::Span& span = canvas.span(fusion::Modality::text);
      for (int i = span.begin; i < span.end(); ++i) {
        const bool given = canvas.states()[std::size_t(i)] == fusion::PositionState::given;
        ids.push_back(given ? canvas.ids()[std::size_t(i)] : model_.family->tokens().mask);
      }
      before_.push_back(std::move(ids));
    }
  }
  for (std::size_t c = 0; c < report.canvases.size(); ++c) {
    const fusion::Canvas& canvas = report.canvases[c];
    const std::string line = text_line(model_, canvas, before_[c], colours_);
    if (report.canvases.size() > 1) std::fprintf(stderr, "#%zu ", c + 1);
    std::fprintf(stderr, "%3d/%d  %s\n", report.step, report.steps, line.c_str());
    const auto ids = canvas.ids(fusion::Modality::text);
    before_[c].assign(ids.begin(), ids.end());
  }
}

}  // namespace lacuna::tools
