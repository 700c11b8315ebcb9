#include "text/sentencepiece_trainer.h"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/weights/atomic_file.h"
#include "text/utf8.h"

namespace lacuna::text {
namespace {

constexpr std::int32_t kBytePieces = 256;
constexpr std::int32_t kMaxVocabSize = 1'000'000;
/// Longer lines are left out by the library, silently; this is its own limit, so ours is an error.
constexpr std::size_t kMaxLineBytes = 1 << 20;

[[noreturn]] void fail(const std::string& message) {
  throw std::invalid_argument("[train_sentencepiece] expected " + message);
}

class Lines final : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(std::vector<const std::string*> lines) : lines_(std::move(lines)) {}
  bool done() const override { return at_ == lines_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return *lines_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<const std::string*> lines_;
  std::size_t at_ = 0;
};

/// The lines that have text, sampled down in order (selection sampling: Knuth, TAOCP 2, 3.4.2,
/// algorithm S).
std::vector<const std::string*> usable_lines(const SentencePieceTrainingOptions& options,
                                             std::span<const std::string> lines) {
  std::vector<const std::string*> usable;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    require_utf8(lines[i], "train_sentencepiece: line " + std::to_string(i + 1));
    if (lines[i].size() > kMaxLineBytes) {
      fail("lines of at most " + std::to_string(kMaxLineBytes) + " bytes, got " +
           std::to_string(lines[i].size()) + " in line " + std::to_string(i + 1));
    }
    if (lines[i].find('\0') != std::string::npos) {
      fail("text without NUL characters, got one in line " + std::to_string(i + 1));
    }
    if (lines[i].find_first_not_of(" \t\r\n") != std::string::npos) usable.push_back(&lines[i]);
  }
  const auto wanted = static_cast<std::size_t>(options.max_lines);
  if (wanted == 0 || usable.size() <= wanted) return usable;
  std::mt19937_64 random(options.seed);
  std::vector<const std::string*> chosen;
  for (std::size_t i = 0; chosen.size() < wanted; ++i) {
    // Modulo instead of std::uniform_int_distribution, whose results differ between standard
    // libraries.
    if (random() % (usable.size() - i) < wanted - chosen.size()) chosen.push_back(usable[i]);
  }
  return chosen;
}

/// The library's message without its source position and condition: "./src/x.cc(12) [(a) == (b)]
/// Message".
std::string reason(std::string_view message) {
  const std::size_t end = message.rfind("] ");
  const bool bare = end == message.npos || end + 2 == message.size();
  return std::string(bare ? message : message.substr(end + 2));
}

const char* flag(bool value) { return value ? "true" : "false"; }

}  // namespace

void SentencePieceTrainingOptions::validate() const {
  const std::int32_t smallest = byte_fallback ? kBytePieces + 2 : 2;
  if (vocab_size < smallest || vocab_size > kMaxVocabSize) {
    fail("vocab_size in [" + std::to_string(smallest) + ", " + std::to_string(kMaxVocabSize) +
         "], got " + std::to_string(vocab_size));
  }
  if (!(character_coverage >= 0.98 && character_coverage <= 1.0)) {
    fail("character_coverage in [0.98, 1], got " + std::to_string(character_coverage));
  }
  if (max_lines < 0) fail("max_lines of 0 or more, got " + std::to_string(max_lines));
}

std::string train_sentencepiece(const SentencePieceTrainingOptions& options,
                                std::span<const std::string> lines) {
  options.validate();
  std::vector<const std::string*> usable = usable_lines(options, lines);
  if (usable.empty()) fail("at least one line with text, got none");
  const bool identity = options.normalization == Normalization::identity;
  const std::unordered_map<std::string, std::string> flags = {
      {"vocab_size", std::to_string(options.vocab_size)},
      {"model_type", options.model_type == SentencePieceModelType::bpe ? "bpe" : "unigram"},
      {"normalization_rule_name", identity ? "identity" : "nmt_nfkc_cf"},
      {"remove_extra_whitespaces", flag(!identity)},
      {"allow_whitespace_only_pieces", flag(identity)},
      {"byte_fallback", flag(options.byte_fallback)},
      {"split_digits", flag(options.split_digits)},
      {"character_coverage", std::to_string(options.character_coverage)},
      {"max_sentence_length", std::to_string(kMaxLineBytes)},
      // Special tokens are the token space's, not the tokenizer's.
      {"unk_id", "0"},
      {"bos_id", "-1"},
      {"eos_id", "-1"},
      {"pad_id", "-1"},
      // More threads sum the expected counts in another order, which can change the pieces.
      {"num_threads", "1"},
      {"input_sentence_size", "0"},
      // Above every level: the library logs to stderr otherwise.
      {"minloglevel", "9"},
  };
  Lines iterator(std::move(usable));
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(flags, &iterator, &model);
  if (!status.ok()) {
    throw std::invalid_argument("[train_sentencepiece] " + reason(status.error_message()));
  }
  return model;
}

void train_sentencepiece(const SentencePieceTrainingOptions& options,
                         std::span<const std::string> lines, const std::filesystem::path& path) {
  weights::write_file_atomic(path, train_sentencepiece(options, lines));
}

}  // namespace lacuna::text
