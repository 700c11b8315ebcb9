#include "text/tokenizer_factory.h"

#include <cerrno>
#include <system_error>

#include "runtime/weights/io_error.h"
#include "text/byte_level_bpe.h"
#include "text/gguf_tokenizer.h"
#include "text/sentencepiece_tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/vocabulary_files.h"

namespace lacuna::text {

std::unique_ptr<TextTokenizer> open_tokenizer(const std::filesystem::path& model) {
  std::error_code error;
  if (!std::filesystem::is_directory(model, error)) {
    if (model.extension() == ".gguf") return std::make_unique<ByteLevelBpeTokenizer>(gguf_tokenizer(weights::GgufFile(model)));
    if (model.extension() == ".json") return std::make_unique<ByteLevelBpeTokenizer>(open_tokenizer_json(model));
    return std::make_unique<SentencePieceTokenizer>(SentencePieceTokenizer::open(model));
  }
  const std::filesystem::path json = model / "tokenizer.json", sentencepiece = model / "tokenizer.model";
  if (std::filesystem::exists(sentencepiece, error)) return open_tokenizer(sentencepiece);
  if (std::filesystem::exists(json, error)) return open_tokenizer(json);
  if (has_vocabulary_files(model)) return std::make_unique<ByteLevelBpeTokenizer>(open_vocabulary_files(model));
  throw weights::IoError(sentencepiece, "find the model's tokenizer (tokenizer.model or tokenizer.json)", ENOENT);
}

}  // namespace lacuna::text
