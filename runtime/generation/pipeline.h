#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/generation/job_options.h"
#include "runtime/generation/model.h"
#include "vision/code_grid.h"
#include "vision/extension.h"
#include "vision/image.h"
#include "vision/resize.h"

namespace lacuna::generation {

struct Caption {
  std::string text;
  std::vector<std::int32_t> tokens;  // the whole text span, ids of the token space
  double log_prob = 0.0;             // sum over its tokens, each when it was revealed
  std::uint64_t seed = 0;
};

struct Picture {
  vision::Image image;
  vision::CodeGrid codes;
  std::uint64_t seed = 0;
};

/// A picture and a text of which parts are to be filled. What is absent is drawn whole.
struct InfillRequest {
  std::optional<vision::Image> picture;         // of Model::picture_size()
  std::optional<vision::CodeMask> repaint;      // codes to draw anew; absent = none when there is a picture
  std::optional<std::vector<std::int32_t>> text;  // ids with masks, see encode_masked_text; absent = all masked
  std::uint64_t seed = 0;
};

struct InfillResult {
  std::string text;
  std::vector<std::int32_t> tokens;
  vision::Image image;      // decoded from `codes`; known pixels are a reconstruction here
  vision::CodeGrid codes;
  double log_prob = 0.0;
};

/// An answer of a model that writes; `tokens` is the whole answer span.
using Answer = Caption;

/// What happened, or nullopt when the callback cancelled.
template <class T>
using Results = std::optional<std::vector<T>>;

/// The three jobs on an open model. Pictures of one call run as one batch; each result depends on its own
/// input and seed alone. All throw std::invalid_argument for options and inputs out of range.
class Pipeline {
 public:
  explicit Pipeline(Model model) : model_(std::move(model)) {}

  const Model& model() const { return model_; }
  Model& model() { return model_; }

  /// Pictures of any size, letterboxed on white, or, by models that answer questions, cut to their shape as they were in
  /// training: to the one size, or where the family takes any grid to the size of about its area that is nearest in
  /// shape. `prefix` are words that each caption starts with.
  Results<Caption> caption(std::span<const vision::Image> pictures, std::string_view prefix,
                           const JobOptions& options, const StepCallback& after_step = {});
  /// One picture for each prompt; picture i has the seed options.seed + i.
  Results<Picture> generate(std::span<const std::string> prompts, const JobOptions& options,
                            const StepCallback& after_step = {});
  /// Text of options.answer_length tokens after each prompt, given as ids with the model's templates in them (see
  /// prompt_ids and chat_ids). Throws std::invalid_argument for families that do not write.
  Results<Answer> write(std::span<const std::vector<std::int32_t>> prompts, const JobOptions& options,
                        const StepCallback& after_step = {});
  Results<InfillResult> infill(std::span<const InfillRequest> requests, const JobOptions& options,
                               const StepCallback& after_step = {});

  /// Makes pictures larger on one side by a window of the model's own size, of which `extension.kept` rows or columns
  /// are known (Show-o's extrapolation): codes of pictures of one size in, of larger ones out, one seed each. `text` are
  /// ids as of InfillRequest. Throws std::invalid_argument as vision::extension_window does.
  Results<vision::CodeGrid> extend(std::span<const vision::CodeGrid> pictures, const vision::Extension& extension,
                                   std::span<const std::int32_t> text, std::span<const std::uint64_t> seeds,
                                   const JobOptions& options, const StepCallback& after_step = {});

  /// The picture of a canvas as it stands; masked codes are decoded as the most frequent known one and set in
  /// `masked`.
  vision::Image decode(const fusion::Canvas& canvas, vision::CodeMask& masked);
  /// The text of a canvas as it stands.
  std::string decode_text(const fusion::Canvas& canvas, std::string_view mask_symbol = {}) const;
  /// Codes of pictures that are of Model::picture_size() already.
  std::vector<vision::CodeGrid> encode(std::span<const vision::Image> pictures);
  /// What encode() has made, of any one size.
  std::vector<vision::Image> decode(std::span<const vision::CodeGrid> codes);

 private:
  std::optional<LoopResult> run(std::span<fusion::Canvas> canvases, std::span<const std::uint64_t> seeds,
                                const JobOptions& options, const StepCallback& after_step);
  /// Of a picture that the model is asked about.
  vision::Size question_size(vision::Size picture) const;
  /// Codes of pictures whose sizes may differ.
  std::vector<vision::CodeGrid> encode_each(std::span<const vision::Image> pictures);
  std::vector<vision::CodeGrid> codes_of(std::span<const fusion::Canvas> canvases) const;

  Model model_;
};

}  // namespace lacuna::generation
