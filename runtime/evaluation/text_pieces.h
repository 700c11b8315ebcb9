#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/text_tokenizer.h"

namespace lacuna::evaluation {

/// Text to and from the text ids of a model folder, counted from 0: by its tokenizer or, in folders that `lacuna-train
/// denoiser --text` made, by its pieces.json, which spells every id out.
class TextPieces {
 public:
  /// Throws weights::IoError where the folder has neither, weights::CheckpointError for broken files.
  static TextPieces open(const std::filesystem::path& folder);

  /// Throws std::invalid_argument for text that is not UTF-8, for a byte that the model has no piece for, and for a
  /// pieces.json of words, which does not say how text is cut.
  std::vector<std::int32_t> encode(std::string_view text) const;
  /// Without what prints as nothing.
  std::string decode(std::span<const std::int32_t> ids) const;
  /// Whether every id means the same in both.
  bool operator==(const TextPieces& other) const { return pieces_ == other.pieces_; }

 private:
  std::filesystem::path file_;
  std::shared_ptr<const text::TextTokenizer> tokenizer_;  // null where there are pieces alone
  std::vector<std::string> pieces_;
  std::vector<std::int32_t> controls_;
};

}  // namespace lacuna::evaluation
