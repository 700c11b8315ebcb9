#include <algorithm>
#include <memory>
#include <sstream>

#include "runtime/preparation/captions.h"
#include "runtime/weights/json.h"
#include "runtime/weights/mapped_file.h"
#include "text/sentencepiece_tokenizer.h"
#include "text/sentencepiece_trainer.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/output_path.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

struct TokenizerTrainVerb {
  std::vector<std::string> inputs;
  std::vector<std::string> more_inputs;
  std::string output = "tokenizer.model";
  std::string type = "unigram";
  std::string normalization = "identity";
  int vocab_size = 2048;
  double coverage = 1.0;
  std::int64_t max_lines = 0;
  std::int64_t seed = 0;
  bool json = false;
  LogFlags log;

  text::SentencePieceTrainingOptions options() const;
  std::vector<std::string> read_lines() const;
  ExitCode run();
};

text::SentencePieceTrainingOptions TokenizerTrainVerb::options() const {
  text::SentencePieceTrainingOptions o;
  o.vocab_size = vocab_size;
  if (vocab_size < 8) throw bad_flag("--vocab-size", "an integer >= 8", std::to_string(vocab_size));
  if (type != "unigram" && type != "bpe")
    throw bad_flag("--model-type", "unigram or bpe", "\"" + type + "\"");
  if (normalization != "identity" && normalization != "nmt_nfkc_cf") {
    throw bad_flag("--normalization", "identity or nmt_nfkc_cf", "\"" + normalization + "\"");
  }
  if (!(coverage >= 0.9 && coverage <= 1.0)) {
    throw bad_flag("--character-coverage", "a number from 0.9 to 1", std::to_string(coverage));
  }
  if (max_lines < 0) throw bad_flag("--max-lines", "an integer >= 0", std::to_string(max_lines));
  if (seed < 0) throw bad_flag("--seed", "an integer >= 0", std::to_string(seed));
  o.model_type =
      type == "bpe" ? text::SentencePieceModelType::bpe : text::SentencePieceModelType::unigram;
  o.normalization = normalization == "identity" ? text::Normalization::identity
                                                : text::Normalization::nmt_nfkc_cf;
  o.character_coverage = coverage;
  o.max_lines = max_lines;
  o.seed = std::uint64_t(seed);
  return o;
}

/// The wordings that `lacuna prepare` makes of a caption table, or the lines of any other text.
std::vector<std::string> TokenizerTrainVerb::read_lines() const {
  std::vector<std::string> lines;
  for (const std::string& input : inputs) {
    if (input.ends_with(".tsv")) {
      const auto corpus = preparation::caption_corpus(preparation::read_caption_table(input), {},
                                                      std::uint64_t(seed));
      lines.insert(lines.end(), corpus.begin(), corpus.end());
      continue;
    }
    std::istringstream text(weights::read_regular_file(input, kMostBytes));
    for (std::string line; std::getline(text, line);) {
      while (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) lines.push_back(line);
    }
  }
  return lines;
}

ExitCode TokenizerTrainVerb::run() {
  inputs.insert(inputs.end(), more_inputs.begin(), more_inputs.end());
  if (inputs.empty()) throw Failure(kUsage, "name the captions with --input FILE");
  const auto training = options();
  check_writable(output);
  const std::vector<std::string> lines = read_lines();
  log.info(std::to_string(lines.size()) + " lines");
  try {
    text::train_sentencepiece(training, lines, output);
  } catch (const std::invalid_argument& error) {
    // Options are checked above: what is left is the text, or a vocabulary that does not fit it.
    throw Failure(kBadData, without_function(error.what()) + " (--vocab-size " +
                                std::to_string(vocab_size) + ")");
  }
  const auto tokenizer = text::SentencePieceTokenizer::open(output);
  std::size_t pieces = 0, longest = 0;
  for (const std::string& line : lines) {
    const std::size_t count = tokenizer.encode(line).size();
    pieces += count;
    longest = std::max(longest, count);
  }
  const double mean = lines.empty() ? 0 : double(pieces) / double(lines.size());
  if (json) {
    print_result(weights::Json::object()
                     .set("file", output)
                     .set("vocab_size", tokenizer.size())
                     .set("lines", lines.size())
                     .set("mean_tokens", mean)
                     .set("longest_tokens", longest)
                     .dump());
    return kOk;
  }
  char text[96];
  std::snprintf(text, sizeof text, "%d pieces; a line has %.1f tokens on average, %zu at most",
                tokenizer.size(), mean, longest);
  log.info(text);
  print_result(output);
  return kOk;
}

}  // namespace

Action declare_tokenizer_train(Options& options) {
  const auto verb = std::make_shared<TokenizerTrainVerb>();
  options.group("Training");
  options.positional("FILE...", verb->more_inputs, "The same as --input");
  options.value("--input", "FILE", verb->inputs,
                "Captions: a .tsv table as lacuna prepare reads it, or a text file with one a "
                "line; may be repeated");
  options.value("-o,--output", "FILE", verb->output, "(default tokenizer.model)");
  options.value("--vocab-size", "N", verb->vocab_size,
                "Pieces, 256 single bytes and the unknown piece included (default 2048)");
  options.value("--model-type", "TYPE", verb->type, "unigram or bpe (default unigram)");
  options.value("--normalization", "NAME", verb->normalization,
                "identity, or nmt_nfkc_cf: Unicode NFKC and lower case (default identity)");
  options.value("--character-coverage", "X", verb->coverage,
                "Share of characters with pieces of their own (default 1)");
  options.value("--max-lines", "N", verb->max_lines, "Sample down to N lines; 0 = all (default 0)");
  options.value("-s,--seed", "N", verb->seed,
                "For that sampling, and for the draws of keywords (default 0)");
  options.flag("--json", verb->json, "Say what was made as JSON");
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
