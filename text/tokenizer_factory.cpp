#include "text/tokenizer_factory.h"

#include <cerrno>
#include <system_error>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "text/sentencepiece_tokenizer.h"

namespace lacuna::text {

std::unique_ptr<TextTokenizer> open_tokenizer(const std::filesystem::path& model_folder) {
  const std::filesystem::path sentencepiece = model_folder / "tokenizer.model";
  const std::filesystem::path byte_level_bpe = model_folder / "tokenizer.json";
  std::error_code error;
  if (std::filesystem::exists(sentencepiece, error)) {
    return std::make_unique<SentencePieceTokenizer>(SentencePieceTokenizer::open(sentencepiece));
  }
  if (std::filesystem::exists(byte_level_bpe, error)) {
    throw weights::CheckpointError(byte_level_bpe,
                                   "this kind of tokenizer is not supported; expected a "
                                   "SentencePiece tokenizer.model beside it");
  }
  throw weights::IoError(sentencepiece, "find the model's tokenizer", ENOENT);
}

}  // namespace lacuna::text
