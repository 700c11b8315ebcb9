#include "runtime/generation/pipeline.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "runtime/generation/chat_prompt.h"
#include "runtime/generation/masked_text.h"
#include "runtime/generation/uniform_text.h"
#include "vision/nearest_shape.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using vision::CodeGrid;
using vision::CodeMask;
using vision::Image;

constexpr const char* kDescribe = "Please describe this image in detail.";

/// The known code that occurs most often, the lowest of equals; 0 where none is known. Mostly the background, so that
/// what is decoded beside a masked cell looks as it will.
std::int32_t most_frequent_code(const fusion::TokenSpace& tokens, std::span<const std::int32_t> ids) {
  std::map<std::int32_t, int> counts;
  for (const std::int32_t id : ids) {
    if (id != tokens.mask) ++counts[id - tokens.image.begin];
  }
  const auto best = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  return best == counts.end() ? 0 : best->first;
}

}  // namespace

std::optional<LoopResult> Pipeline::run(std::span<Canvas> canvases, std::span<const std::uint64_t> seeds,
                                        const JobOptions& options, const StepCallback& after_step) {
  LoopOptions loop = options.loop();
  if (model_.family->noise() == fusion::NoiseKind::uniform) {
    if (options.constraints.any()) {
      throw std::invalid_argument("[write] expected no words that must or may not occur: this model undoes uniform noise");
    }
    LoopResult result = undo_noise(*model_.denoiser, canvases, seeds, loop, after_step);
    if (result.outcome == Outcome::cancelled) return std::nullopt;
    return result;
  }
  const auto sampler = options.make_sampler();
  if (const auto habit = model_.family->writing_habit()) loop.network_block = habit->block;
  if (options.constraints.any()) {
    for (Canvas& canvas : canvases) {
      Constrained constrained = constrain(*model_.denoiser, *model_.text, canvas, options.constraints, options.draws);
      canvas = std::move(constrained.canvas);
      loop.banned = std::move(constrained.banned);  // the same for every canvas
    }
  }
  LoopResult result = denoise(*model_.denoiser, *sampler, canvases, seeds, loop, after_step);
  if (result.outcome == Outcome::cancelled) return std::nullopt;
  return result;
}

std::vector<CodeGrid> Pipeline::encode(std::span<const Image> pictures) {
  return model_.images->encode(pictures);
}

std::vector<CodeGrid> Pipeline::encode_each(std::span<const Image> pictures) {
  const auto differs = [&](const Image& picture) { return !(picture.size() == pictures.front().size()); };
  if (std::ranges::none_of(pictures, differs)) return encode(pictures);
  std::vector<CodeGrid> grids;
  for (const Image& picture : pictures) grids.push_back(encode({&picture, 1}).front());
  return grids;
}

vision::Size Pipeline::question_size(vision::Size picture) const {
  constexpr int kPatch = 2;  // codes along each side, as the original counts
  const auto& sizes = model_.family->sizes();
  const int patches = sizes.image_length() / (kPatch * kPatch);
  if (model_.family->given_grid() == fusion::GivenGrid::fixed || patches < 1) return model_.picture_size();
  return vision::nearest_shape(picture, {patches, kPatch * model_.images->pixels_per_code()});
}

std::vector<CodeGrid> Pipeline::codes_of(std::span<const Canvas> canvases) const {
  const auto& tokens = model_.family->tokens();
  std::vector<CodeGrid> grids;
  for (const Canvas& canvas : canvases) {
    const fusion::Span& span = canvas.span(Modality::image);
    std::vector<std::int32_t> codes;
    for (std::int32_t id : canvas.ids(Modality::image)) codes.push_back(id - tokens.image.begin);
    grids.emplace_back(vision::Size{span.grid_height, span.grid_width}, std::move(codes));
  }
  return grids;
}

Results<Caption> Pipeline::caption(std::span<const Image> pictures, std::string_view prefix,
                                   const JobOptions& options, const StepCallback& after_step) {
  const bool asks = model_.family->chat_style() != fusion::ChatStyle::none;
  const vision::Aspect aspect = asks ? vision::Aspect::crop : vision::Aspect::pad;
  std::vector<Image> fitted;
  for (const Image& picture : pictures) {
    const vision::Letterbox box = vision::letterbox(picture.size(), question_size(picture.size()), aspect);
    fitted.push_back(vision::fit(picture, box, {255, 255, 255}));
  }
  std::vector<std::int32_t> question;
  if (asks) question = chat_ids(model_, options.question.empty() ? kDescribe : options.question);
  const auto words = encode_masked_text(*model_.text, model_.family->tokens(), prefix);
  std::vector<Canvas> canvases;
  std::vector<std::uint64_t> seeds;
  for (const CodeGrid& codes : encode_each(fitted)) {
    canvases.push_back(asks ? model_.family->write({question, words, options.answer_length, codes.cells(),
                                                    codes.height(), codes.width()})
                            : model_.family->caption(codes.cells(), words));
    seeds.push_back(options.seed + seeds.size());
  }
  const auto run_result = run(canvases, seeds, options, after_step);
  if (!run_result) return std::nullopt;
  std::vector<Caption> captions;
  for (std::size_t i = 0; i < canvases.size(); ++i) {
    const auto ids = canvases[i].ids(Modality::text);
    captions.push_back({decode_text(canvases[i]), {ids.begin(), ids.end()}, run_result->log_probs[i], seeds[i]});
  }
  return captions;
}

Results<Answer> Pipeline::write(std::span<const std::vector<std::int32_t>> prompts, const JobOptions& options,
                                const StepCallback& after_step) {
  std::vector<Canvas> canvases;
  std::vector<std::uint64_t> seeds;
  for (const auto& prompt : prompts) {
    canvases.push_back(model_.family->write({prompt, {}, options.answer_length, {}, 0, 0}));
    seeds.push_back(options.seed + seeds.size());
  }
  const auto run_result = run(canvases, seeds, options, after_step);
  if (!run_result) return std::nullopt;
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < canvases.size(); ++i) {
    const auto ids = canvases[i].ids(Modality::text);
    answers.push_back({decode_text(canvases[i]), {ids.begin(), ids.end()}, run_result->log_probs[i], seeds[i]});
  }
  return answers;
}

Results<Picture> Pipeline::generate(std::span<const std::string> prompts, const JobOptions& options,
                                    const StepCallback& after_step) {
  std::vector<Canvas> canvases;
  std::vector<std::uint64_t> seeds;
  for (const std::string& prompt : prompts) {
    const auto ids = encode_masked_text(*model_.text, model_.family->tokens(), prompt);
    canvases.push_back(model_.family->generate(ids));
    seeds.push_back(options.seed + seeds.size());
  }
  if (!run(canvases, seeds, options, after_step)) return std::nullopt;
  std::vector<CodeGrid> codes = codes_of(canvases);
  std::vector<Image> images = model_.images->decode(codes);
  std::vector<Picture> pictures;
  for (std::size_t i = 0; i < images.size(); ++i) {
    pictures.push_back({std::move(images[i]), std::move(codes[i]), seeds[i]});
  }
  return pictures;
}

Results<InfillResult> Pipeline::infill(std::span<const InfillRequest> requests, const JobOptions& options,
                                       const StepCallback& after_step) {
  const auto& sizes = model_.family->sizes();
  const auto& tokens = model_.family->tokens();
  std::vector<Canvas> canvases;
  std::vector<std::uint64_t> seeds;
  for (const InfillRequest& request : requests) {
    std::vector<std::int32_t> codes(std::size_t(sizes.image_length()), fusion::kMaskedCode);
    if (request.picture) {
      const CodeGrid grid = encode({&*request.picture, 1}).front();
      std::ranges::copy(grid.cells(), codes.begin());
    }
    if (request.repaint) {
      if (request.repaint->count() != codes.size()) {
        throw std::invalid_argument("[infill] expected a mask of " + std::to_string(codes.size()) +
                                    " codes, got " + std::to_string(request.repaint->count()));
      }
      for (std::size_t i = 0; i < codes.size(); ++i) {
        if (request.repaint->cells()[i]) codes[i] = fusion::kMaskedCode;
      }
    }
    if (!request.text && tokens.text_end == fusion::TextEnd::plain) {
      throw std::invalid_argument("[infill] expected the words that belong to the picture; this model does not draw both");
    }
    const std::vector<std::int32_t> text =
        request.text.value_or(std::vector<std::int32_t>(std::size_t(sizes.text_length), tokens.mask));
    canvases.push_back(model_.family->infill(text, codes));
    seeds.push_back(request.seed);
  }
  const auto run_result = run(canvases, seeds, options, after_step);
  if (!run_result) return std::nullopt;
  std::vector<CodeGrid> codes = codes_of(canvases);
  std::vector<Image> images = model_.images->decode(codes);
  std::vector<InfillResult> results;
  for (std::size_t i = 0; i < canvases.size(); ++i) {
    // Where the words are all known they may be part of the frame.
    std::vector<std::int32_t> ids;
    if (canvases[i].has(Modality::text)) {
      const auto span = canvases[i].ids(Modality::text);
      ids.assign(span.begin(), span.end());
    } else if (requests[i].text) {
      ids = *requests[i].text;
    }
    results.push_back({generation::decode_text(*model_.text, tokens, ids), ids, std::move(images[i]),
                       std::move(codes[i]), run_result->log_probs[i]});
  }
  return results;
}

Results<CodeGrid> Pipeline::extend(std::span<const CodeGrid> pictures, const vision::Extension& extension,
                                   std::span<const std::int32_t> text, std::span<const std::uint64_t> seeds,
                                   const JobOptions& options, const StepCallback& after_step) {
  std::vector<Canvas> canvases;
  for (const CodeGrid& picture : pictures) {
    canvases.push_back(
        model_.family->infill(text, vision::extension_window(picture, extension, fusion::kMaskedCode).cells()));
  }
  if (!run(canvases, seeds, options, after_step)) return std::nullopt;
  std::vector<CodeGrid> drawn = codes_of(canvases);
  for (std::size_t i = 0; i < drawn.size(); ++i) drawn[i] = vision::extended(pictures[i], drawn[i], extension);
  return drawn;
}

std::vector<Image> Pipeline::decode(std::span<const CodeGrid> codes) { return model_.images->decode(codes); }

Image Pipeline::decode(const Canvas& canvas, CodeMask& masked) {
  const auto& tokens = model_.family->tokens();
  const fusion::Span& span = canvas.span(Modality::image);
  CodeGrid codes(vision::Size{span.grid_height, span.grid_width});
  masked = CodeMask(codes.size());
  const auto ids = canvas.ids(Modality::image);
  const std::int32_t filler = most_frequent_code(tokens, ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    masked.cells()[i] = ids[i] == tokens.mask;
    codes.cells()[i] = ids[i] == tokens.mask ? filler : ids[i] - tokens.image.begin;
  }
  return model_.images->decode({&codes, 1}).front();
}

std::string Pipeline::decode_text(const Canvas& canvas, std::string_view mask_symbol) const {
  return generation::decode_text(*model_.text, model_.family->tokens(), canvas.ids(Modality::text), mask_symbol);
}

}  // namespace lacuna::generation
