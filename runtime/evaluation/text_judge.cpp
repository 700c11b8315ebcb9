#include "runtime/evaluation/text_judge.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "runtime/evaluation/likelihood.h"
#include "runtime/generation/model.h"
#include "runtime/weights/checkpoint.h"

namespace lacuna::evaluation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using generation::DenoiseRequest;

constexpr std::size_t kCanvasesAtOnce = 256;

}  // namespace

TextModel::TextModel(const std::filesystem::path& where, graph::Executor& executor)
    : folder(where), family(generation::open_family(where)),
      denoiser(std::make_unique<generation::Denoiser>(
          family, executor, std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(where)))),
      pieces(TextPieces::open(where)) {}

bool TextModel::fills_span() const {
  return family->tokens().has_images() && family->tokens().text_end == fusion::TextEnd::fills_span;
}

Canvas TextModel::canvas(std::span<const std::int32_t> text) const {
  const fusion::TokenSpace& tokens = family->tokens();
  if (fills_span()) {
    return family->infill(text, std::vector<std::int32_t>(std::size_t(family->sizes().image_length()), fusion::kMaskedCode));
  }
  Canvas canvas;
  if (!tokens.has_images()) {
    // What stands in front of a text; the span itself is as long as the text and has no padding.
    const Canvas usual = family->infill(std::vector<std::int32_t>{tokens.mask}, {});
    for (int p = 0; p < usual.span(Modality::text).begin; ++p) canvas.append_frame(usual.ids()[std::size_t(p)]);
  }
  canvas.append_span(tokens, Modality::text, text);
  return canvas;
}

std::vector<double> left_to_right_nats(const TextModel& model, std::span<const std::int32_t> text, int known) {
  if (known < 0 || std::size_t(known) >= text.size()) {
    throw std::invalid_argument("[text_judge] expected a text with at least one token behind those that are known");
  }
  const fusion::TokenSpace& tokens = model.family->tokens();
  std::vector<double> nats(text.size() - std::size_t(known), 0.0);
  for (std::size_t begin = 0; begin < nats.size(); begin += kCanvasesAtOnce) {
    const std::size_t end = std::min(nats.size(), begin + kCanvasesAtOnce);
    std::vector<Canvas> canvases;
    std::vector<std::vector<int>> wanted;
    std::vector<DenoiseRequest> requests;
    for (std::size_t l = begin; l < end; ++l) {
      // Nothing looks ahead, so what comes later need not be there.
      std::vector<std::int32_t> ids(text.begin(), text.begin() + std::ptrdiff_t(std::size_t(known) + l));
      ids.push_back(tokens.mask);
      canvases.push_back(model.canvas(ids));
      wanted.push_back(canvases.back().masked_positions(Modality::text));
    }
    for (std::size_t i = 0; i < canvases.size(); ++i) {
      requests.push_back({&canvases[i], 0, wanted[i], false, {}, generation::TextRule::off});
    }
    model.denoiser->visit_logits(requests, {}, [&](const generation::LogitRow& row) {
      const std::int32_t truth = text[std::size_t(known) + begin + row.request] - tokens.text.begin;
      nats[begin + row.request] = generation::negative_log_softmax(row.conditional, truth);
    });
  }
  return nats;
}

double TextJudge::nats(std::span<const std::int32_t> text, int known, int draws, std::uint64_t seed) const {
  const fusion::TokenSpace& tokens = model_.family->tokens();
  std::vector<std::int32_t> ids;
  for (const std::int32_t id : text) {
    if (id < 0 || id >= tokens.text.size) {
      throw std::invalid_argument("[text_judge] expected text ids in [0, " + std::to_string(tokens.text.size) + "), got " +
                                  std::to_string(id));
    }
    ids.push_back(tokens.text.begin + id);
  }
  const int trained = model_.family->sizes().text_length;
  const std::size_t most = trained > 0 ? std::size_t(trained) : ids.size();
  double sum = 0;
  for (std::size_t begin = 0; begin < ids.size(); begin += most) {
    const std::size_t size = std::min(most, ids.size() - begin);
    const int given = begin == 0 ? known : 0;
    const auto part = std::span(ids).subspan(begin, size);
    if (is_exact()) {
      for (const double x : left_to_right_nats(model_, part, given)) sum += x;
      continue;
    }
    std::vector<std::int32_t> whole(part.begin(), part.end());
    if (model_.fills_span()) whole.resize(most, tokens.end_of_text);
    sum += text_bound(*model_.denoiser, whole, given, [&](std::span<const std::int32_t> hidden) { return model_.canvas(hidden); },
                      {BoundForm::token_count, draws, seed});
  }
  return sum;
}

}  // namespace lacuna::evaluation
