#include "text/tokenizer_factory.h"

#include <cerrno>
#include <system_error>

#include "runtime/weights/io_error.h"
#include "text/byte_level_bpe.h"
#include "text/byte_tokenizer.h"
#include "text/gguf_tokenizer.h"
#include "text/sentencepiece_tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/vocabulary_files.h"

namespace lacuna::text {

std::unique_ptr<TextTokenizer> open_tokenizer(const std::filesystem::path& model) {
  std::error_code error;
  if (!std::filesystem::is_directory(model, error)) {
    if (model.extension() == ".gguf") return std::make_unique<ByteLevelBpeTokenizer>(gguf_tokenizer(weights::GgufFile(model)));
    if (model.filename() == ByteTokenizer::kFileName) return std::make_unique<ByteTokenizer>(ByteTokenizer::open(model));
    if (model.extension() == ".json") return std::make_unique<ByteLevelBpeTokenizer>(open_tokenizer_json(model));
    return std::make_unique<SentencePieceTokenizer>(SentencePieceTokenizer::open(model));
  }
  const std::filesystem::path json = model / "tokenizer.json", sentencepiece = model / "tokenizer.model";
  if (std::filesystem::exists(sentencepiece, error)) return open_tokenizer(sentencepiece);
  if (std::filesystem::exists(json, error)) return open_tokenizer(json);
  if (has_vocabulary_files(model)) return std::make_unique<ByteLevelBpeTokenizer>(open_vocabulary_files(model));
  const std::filesystem::path bytes = model / ByteTokenizer::kFileName;
  if (std::filesystem::exists(bytes, error)) return open_tokenizer(bytes);
  throw weights::IoError(sentencepiece, "find the model's tokenizer (tokenizer.model or tokenizer.json; --tokenizer names one "
                                        "that lies elsewhere)", ENOENT);
}

}  // namespace lacuna::text
