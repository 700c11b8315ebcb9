#include "text/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <stdexcept>
#include <utility>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/mapped_file.h"
#include "text/utf8.h"

namespace lacuna::text {
namespace {

constexpr std::uint64_t kMaxModelBytes = std::uint64_t{64} << 20;
constexpr int kMaxPieces = 1'000'000;

}  // namespace

struct SentencePieceTokenizer::Model {
  sentencepiece::SentencePieceProcessor processor;
};

SentencePieceTokenizer::SentencePieceTokenizer(std::unique_ptr<Model> model)
    : model_(std::move(model)) {}
SentencePieceTokenizer::SentencePieceTokenizer(SentencePieceTokenizer&&) noexcept = default;
SentencePieceTokenizer& SentencePieceTokenizer::operator=(SentencePieceTokenizer&&) noexcept =
    default;
SentencePieceTokenizer::~SentencePieceTokenizer() = default;

SentencePieceTokenizer SentencePieceTokenizer::open(const std::filesystem::path& path) {
  return from_bytes(weights::read_regular_file(path, kMaxModelBytes), path);
}

SentencePieceTokenizer SentencePieceTokenizer::from_bytes(std::string_view bytes,
                                                          const std::filesystem::path& path) {
  // An empty file parses as an empty protobuf message; the library would report it as a model
  // without pieces.
  if (bytes.empty()) throw weights::CheckpointError(path, "not a SentencePiece model: empty file");
  auto model = std::make_unique<Model>();
  const auto status = model->processor.LoadFromSerializedProto(bytes);
  if (!status.ok()) {
    throw weights::CheckpointError(
        path, "not a SentencePiece model: " + std::string(status.error_message()));
  }
  const int pieces = model->processor.GetPieceSize();
  if (pieces < 1 || pieces > kMaxPieces) {
    throw weights::CheckpointError(path, "expected 1 to " + std::to_string(kMaxPieces) +
                                             " pieces, got " + std::to_string(pieces));
  }
  for (int id = 0; id < pieces; ++id) {
    if (!is_utf8(model->processor.IdToPiece(id))) {
      throw weights::CheckpointError(path, "piece " + std::to_string(id) + " is not UTF-8");
    }
  }
  return SentencePieceTokenizer(std::move(model));
}

std::vector<std::int32_t> SentencePieceTokenizer::encode(std::string_view text) const {
  require_utf8(text, "SentencePieceTokenizer::encode");
  std::vector<int> ids;
  const auto status = model_->processor.Encode(text, &ids);
  if (!status.ok()) {
    throw std::runtime_error("[SentencePieceTokenizer::encode] " +
                             std::string(status.error_message()));
  }
  return {ids.begin(), ids.end()};
}

std::string SentencePieceTokenizer::decode(std::span<const std::int32_t> ids) const {
  for (const std::int32_t id : ids) check_id(id, "decode");
  std::string text;
  const auto status = model_->processor.Decode(std::vector<int>(ids.begin(), ids.end()), &text);
  if (!status.ok()) {
    throw std::runtime_error("[SentencePieceTokenizer::decode] " +
                             std::string(status.error_message()));
  }
  return text;
}

std::string SentencePieceTokenizer::piece(std::int32_t id) const {
  check_id(id, "piece");
  return model_->processor.IdToPiece(id);
}

std::int32_t SentencePieceTokenizer::size() const { return model_->processor.GetPieceSize(); }

void SentencePieceTokenizer::check_id(std::int32_t id, const char* function) const {
  if (id >= 0 && id < size()) return;
  throw std::invalid_argument("[SentencePieceTokenizer::" + std::string(function) +
                              "] expected an id in [0, " + std::to_string(size()) + "), got " +
                              std::to_string(id));
}

}  // namespace lacuna::text
