#pragma once

#include <filesystem>
#include <memory>

#include "text/text_tokenizer.h"

namespace lacuna::text {

/// A SentencePiece model (unigram or BPE, tokenizer.model). Adds no begin or end token. The sign
/// U+2581 in a text reads as a space, as in every SentencePiece model.
class SentencePieceTokenizer final : public TextTokenizer {
 public:
  /// Reads `path`, a regular file of at most 64 MiB.
  /// Throws weights::IoError when it cannot be read and weights::CheckpointError when it is no
  /// usable model.
  static SentencePieceTokenizer open(const std::filesystem::path& path);
  /// The same from bytes; `path` is for messages.
  static SentencePieceTokenizer from_bytes(std::string_view bytes,
                                           const std::filesystem::path& path);

  SentencePieceTokenizer(SentencePieceTokenizer&&) noexcept;
  SentencePieceTokenizer& operator=(SentencePieceTokenizer&&) noexcept;
  ~SentencePieceTokenizer() override;

  std::vector<std::int32_t> encode(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::string piece(std::int32_t id) const override;
  std::int32_t size() const override;

 private:
  struct Model;
  explicit SentencePieceTokenizer(std::unique_ptr<Model> model);
  void check_id(std::int32_t id, const char* function) const;

  std::unique_ptr<Model> model_;
};

}  // namespace lacuna::text
