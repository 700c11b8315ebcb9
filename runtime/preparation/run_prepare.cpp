#include <algorithm>
#include <memory>

#include "fusion/training/shards/sha256.h"
#include "runtime/preparation/data_error.h"
#include "runtime/preparation/prepare.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/mapped_file.h"
#include "text/sentencepiece_tokenizer.h"
#include "vision/vq_tokenizer.h"

namespace lacuna::preparation {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTokenizerName = "tokenizer.model";
constexpr std::uint64_t kMaxTokenizerBytes = std::uint64_t{64} << 20;

/// One hash of a model folder's config and weights, by file name.
std::string hash_of_model(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && (extension == ".safetensors" || extension == ".json")) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  training::Sha256 hash;
  for (const fs::path& file : files) {
    hash.update(file.filename().string() + " " + training::sha256_of_file(file) + "\n");
  }
  return hash.hex();
}

}  // namespace

PrepareReport run_prepare(const PrepareOptions& options, graph::Executor& executor,
                          const PrepareCallback& progress) {
  options.validate();
  if (options.tokenizer.empty()) {
    throw std::invalid_argument(
        "[run_prepare] expected a tokenizer (tokenizer.model or its folder)");
  }
  const fs::path file =
      fs::is_directory(options.tokenizer) ? options.tokenizer / kTokenizerName : options.tokenizer;
  const std::string model = weights::read_regular_file(file, kMaxTokenizerBytes);
  const auto tokenizer = text::SentencePieceTokenizer::from_bytes(model, file);
  PrepareTokenizers tokenizers{.text = tokenizer,
                               .text_sha256 = training::sha256_hex(model),
                               .pictures = nullptr,
                               .pictures_sha256 = {}};

  std::unique_ptr<vision::ImageTokenizer> pictures;
  if (!options.image_tokenizer.empty()) {
    pictures = vision::open_vq_tokenizer(options.image_tokenizer, executor);
    tokenizers.pictures = pictures.get();
    tokenizers.pictures_sha256 = hash_of_model(options.image_tokenizer);
  }
  PrepareReport report = prepare(options, tokenizers, progress);
  // The trainer copies it into the checkpoints that it writes.
  if (!report.cancelled) weights::write_file_atomic(options.output / kTokenizerName, model);
  return report;
}

}  // namespace lacuna::preparation
