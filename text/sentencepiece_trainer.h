#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace lacuna::text {

/// How pieces are chosen.
enum class SentencePieceModelType { unigram, bpe };

/// What happens to a text before it is cut into pieces.
enum class Normalization {
  /// Nothing: decode(encode(s)) == s for every text without U+2581.
  identity,
  /// Unicode NFKC and case folding; runs of white space become one space.
  nmt_nfkc_cf,
};

struct SentencePieceTrainingOptions {
  /// Number of pieces, the unknown piece (id 0) and 256 byte pieces included.
  std::int32_t vocab_size = 2048;
  SentencePieceModelType model_type = SentencePieceModelType::unigram;
  Normalization normalization = Normalization::identity;
  /// Characters outside the vocabulary are spelled in bytes instead of becoming the unknown piece.
  bool byte_fallback = true;
  /// Each digit is a piece of its own.
  bool split_digits = true;
  /// Share of the characters of `lines` that the vocabulary covers, in [0.98, 1].
  double character_coverage = 1.0;
  /// Longer corpora are sampled down to this many lines; 0 = never.
  std::int64_t max_lines = 0;
  /// For that sampling.
  std::uint64_t seed = 0;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// Trains a SentencePiece model on `lines` and returns it as the content of a tokenizer.model file.
/// The model has no control pieces. The same options and lines give the same bytes. Prints nothing.
/// Throws std::invalid_argument for bad options, a line that is not UTF-8 (naming its number), no
/// text at all, or a vocabulary that is too small or too large for the text (naming the limit).
std::string train_sentencepiece(const SentencePieceTrainingOptions& options,
                                std::span<const std::string> lines);

/// The same, written to `path` atomically. Throws weights::IoError as well.
void train_sentencepiece(const SentencePieceTrainingOptions& options,
                         std::span<const std::string> lines, const std::filesystem::path& path);

}  // namespace lacuna::text
