#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "fusion/graph/executor.h"
#include "runtime/evaluation/text_pieces.h"
#include "runtime/generation/denoiser.h"

namespace lacuna::evaluation {

/// The text half of a model folder on an engine: of any family that fills masks or writes from left to right, pictures or
/// not (those stay masked).
struct TextModel {
  /// Throws as generation::open_family and TextPieces::open; std::invalid_argument for models of uniform noise.
  /// `executor` must outlive it.
  TextModel(const std::filesystem::path& folder, graph::Executor& executor);

  /// One token after another, each knowing what stands before it.
  bool autoregressive() const { return family->transformer().attention == fusion::AttentionKind::causal; }
  /// Ids of the token space, masks among them, behind what the family puts in front of a text.
  fusion::Canvas canvas(std::span<const std::int32_t> text) const;
  /// Whether the canvas has a text span of one size, filled up with end-of-text.
  bool fills_span() const;

  std::filesystem::path folder;
  std::shared_ptr<const fusion::ModelFamily> family;
  std::unique_ptr<generation::Denoiser> denoiser;
  TextPieces pieces;
};

/// Nats of each token from `known` on, every one given what stands before it: the exact likelihood of an autoregressive
/// model. `text` are ids of the token space. Throws std::invalid_argument unless known < text.size().
std::vector<double> left_to_right_nats(const TextModel& model, std::span<const std::int32_t> text, int known);

/// A model that judges texts.
class TextJudge {
 public:
  /// Throws as TextModel. `executor` must outlive it.
  TextJudge(const std::filesystem::path& folder, graph::Executor& executor) : model_(folder, executor) {}

  const TextModel& model() const { return model_; }
  bool is_exact() const { return model_.autoregressive(); }
  /// -log P(text[known...] | text[0...known)) in nats: exactly, or as the token-count bound (arXiv 2409.02908, section 3.2)
  /// over `draws` stratified masks. `text` are text ids counted from 0. What is longer than the judge's canvas is judged in
  /// pieces of that length, each on its own.
  double nats(std::span<const std::int32_t> text, int known, int draws, std::uint64_t seed) const;

 private:
  TextModel model_;
};

}  // namespace lacuna::evaluation
