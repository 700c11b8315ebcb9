#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/text_judge.h"

namespace lacuna::evaluation {

/// A text that a model wrote.
struct WrittenText {
  std::vector<std::int32_t> ids;  // text ids counted from 0, up to the first end-of-text where the model ends texts
  bool ended = false;             // that end-of-text is the last of `ids`
  int calls = 0;                  // of the network
};

/// What a generated text is judged with.
struct JudgeOptions {
  int draws = 16;  // masks of a bound
  std::uint64_t seed = 0;
};

/// How a model of text is made to write.
struct WritingOptions {
  generation::JobOptions job;
  int count = 300;
  int length = 0;  // tokens of a text; 0 = what the model was trained with
};

/// As the laboratory samples: at temperature 1, ancestral in 128 steps; an autoregressive model from left to right.
generation::JobOptions text_defaults(const fusion::ModelFamily& family);

/// Writes texts from nothing, text i with seed job.seed + i. nullopt where the callback stopped it. Throws
/// std::invalid_argument for a length that the model does not have, and for an autoregressive model that is to write in
/// another order than from left to right, one token a step.
std::optional<std::vector<WrittenText>> write_texts(const TextModel& writer, const WritingOptions& options,
                                                    const SampleCallback& callback);

/// The ids of a caption's text span that are the caption, end included.
WrittenText caption_text(const fusion::TokenSpace& tokens, std::span<const std::int32_t> span);

/// Gen-PPL of texts under a judge (arXiv 2409.02908, section 5): exp of the nats a token, all tokens counting alike, with
/// the interval of a ratio over texts; and, as low values alone are what repetition gives, the unigram entropy inside a
/// text in nats. Where writer and judge have the same pieces, ids go over as they are, and the end of a text counts as a
/// token; else texts are decoded and cut anew by the judge, and entropy is that of the judge's tokens, too. Texts without
/// a token are left out and counted. A judge of text alone reads a text that ends after an end-of-text, as in training.
/// `truth`: texts of people to compare with (may be empty).
/// nullopt where the callback stopped it. Throws std::invalid_argument for fewer than two texts, and as TextPieces::encode.
std::optional<Evaluation> evaluate_generated_text(const TextJudge& judge, const TextPieces& writers_pieces,
                                                  std::span<const WrittenText> texts, std::span<const WrittenText> truth,
                                                  const JudgeOptions& options, const SampleCallback& callback);

}  // namespace lacuna::evaluation
