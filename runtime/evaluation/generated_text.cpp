#include "runtime/evaluation/generated_text.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "fusion/statistics.h"
#include "runtime/evaluation/timing.h"

namespace lacuna::evaluation {
namespace {

using fusion::Canvas;
using fusion::Modality;

constexpr int kTextsAtOnce = 32;
constexpr int kSteps = 128;
constexpr const char* kLeftToRight = "left-to-right";

/// Nats and tokens of each text that has a token.
struct Judged {
  std::vector<double> nats, tokens, entropies;
  std::vector<std::int32_t> all;  // tokens of all texts
  int empty = 0;
};

/// exp of sum nats / sum tokens; the interval is that of a ratio of two means, by linearisation.
Estimate gen_ppl(const Judged& judged) {
  const double ratio = fusion::mean_error(judged.nats).mean / fusion::mean_error(judged.tokens).mean;
  std::vector<double> residuals;
  for (std::size_t i = 0; i < judged.nats.size(); ++i) residuals.push_back(judged.nats[i] - ratio * judged.tokens[i]);
  const Estimate rest = mean(residuals);
  const double half = (rest.high - rest.value) / fusion::mean_error(judged.tokens).mean;
  return {std::exp(ratio), std::exp(ratio - half), std::exp(ratio + half)};
}

}  // namespace

generation::JobOptions text_defaults(const fusion::ModelFamily& family) {
  generation::JobOptions job;
  job.steps = kSteps;
  job.sampler = "ancestral";
  job.draws.text.temperature = 1.0f;
  if (family.transformer().attention == fusion::AttentionKind::causal) {
    job.sampler = kLeftToRight;
    job.steps = std::max(1, family.sizes().text_length);
  }
  return job;
}

std::optional<std::vector<WrittenText>> write_texts(const TextModel& writer, const WritingOptions& options,
                                                    const SampleCallback& callback) {
  const int trained = writer.family->sizes().text_length;
  const int length = options.length > 0 ? options.length : trained;
  const auto wrong = [](const std::string& expected) { throw std::invalid_argument("[write_texts] expected " + expected); };
  if (options.count < 2) wrong("at least 2 texts, got " + std::to_string(options.count));
  if (length < 1) wrong("a length, this model has none of its own");
  if (trained > 0 && length > trained) {
    wrong("a length from 1 to " + std::to_string(trained) + ", which the model was trained with, got " + std::to_string(length));
  }
  if (writer.autoregressive() && (options.job.sampler != kLeftToRight || options.job.steps < length)) {
    wrong("the sampler left-to-right with at least " + std::to_string(length) + " steps for an autoregressive model, got " +
          options.job.sampler + " with " + std::to_string(options.job.steps));
  }
  options.job.validate();
  const auto sampler = options.job.make_sampler();
  const Canvas empty = writer.canvas(std::vector<std::int32_t>(std::size_t(length), writer.family->tokens().mask));
  std::vector<WrittenText> texts;
  while (int(texts.size()) < options.count) {
    std::vector<Canvas> canvases(std::size_t(std::min(kTextsAtOnce, options.count - int(texts.size()))), empty);
    std::vector<std::uint64_t> seeds(canvases.size());
    std::iota(seeds.begin(), seeds.end(), options.job.seed + texts.size());
    const auto result = generation::denoise(*writer.denoiser, *sampler, canvases, seeds, options.job.loop());
    for (std::size_t i = 0; i < canvases.size(); ++i) {
      WrittenText text;
      for (const std::int32_t id : canvases[i].ids(Modality::text)) text.ids.push_back(id - writer.family->tokens().text.begin);
      text.calls = result.calls[i];
      texts.push_back(std::move(text));
    }
    if (callback && callback(int(texts.size()), options.count) == generation::Continue::no) return std::nullopt;
  }
  return texts;
}

WrittenText caption_text(const fusion::TokenSpace& tokens, std::span<const std::int32_t> span) {
  WrittenText text;
  for (const std::int32_t id : span) {
    text.ids.push_back(id - tokens.text.begin);
    text.ended = id == tokens.end_of_text || (tokens.end_of_turn >= 0 && id == tokens.end_of_turn);
    if (text.ended) break;
  }
  return text;
}

std::optional<Evaluation> evaluate_generated_text(const TextJudge& judge, const TextPieces& writers_pieces,
                                                  std::span<const WrittenText> texts, std::span<const WrittenText> truth,
                                                  const JudgeOptions& options, const SampleCallback& callback) {
  const Stopwatch watch;
  if (texts.size() < 2) throw std::invalid_argument("[gen-ppl] expected at least 2 texts, got " + std::to_string(texts.size()));
  const fusion::TokenSpace& tokens = judge.model().family->tokens();
  const bool same = judge.model().pieces == writers_pieces;
  const std::int32_t end = tokens.end_of_text - tokens.text.begin;
  int done = 0;
  const int count = int(texts.size() + truth.size());
  const auto judge_all = [&](std::span<const WrittenText> list) -> std::optional<Judged> {
    Judged judged;
    for (const WrittenText& text : list) {
      std::vector<std::int32_t> ids = text.ids;
      if (text.ended) ids.pop_back();
      if (!same) ids = judge.model().pieces.encode(writers_pieces.decode(ids));
      if (ids.empty()) {
        ++judged.empty;
      } else {
        judged.entropies.push_back(fusion::unigram_entropy(ids));
        judged.all.insert(judged.all.end(), ids.begin(), ids.end());
        int known = 0;
        if (same && text.ended) {
          ids.push_back(end);
          if (!judge.model().fills_span()) ids.insert(ids.begin(), end), known = 1;
        }
        judged.nats.push_back(judge.nats(ids, known, options.draws, options.seed + judged.nats.size()));
        judged.tokens.push_back(double(ids.size()) - known);
      }
      if (callback && callback(++done, count) == generation::Continue::no) return std::nullopt;
    }
    if (judged.nats.size() < 2) throw std::invalid_argument("[gen-ppl] expected at least 2 texts with a token in them");
    return judged;
  };
  const auto judged = judge_all(texts);
  if (!judged) return std::nullopt;
  const Estimate entropy = mean(judged->entropies);
  double calls = 0;
  for (const WrittenText& text : texts) calls += double(text.calls) / double(texts.size());
  const std::string measure = judge.is_exact() ? "exact, left to right" : "bound by the token-count form";
  Evaluation result{"gen-ppl",
                    "Gen-PPL of generated text (" + measure + ")",
                    gen_ppl(*judged),
                    "every token equally likely",
                    double(tokens.text.size),
                    int(judged->nats.size()),
                    0.0,
                    {{"unigram_entropy", entropy.value},
                     {"unigram_entropy_low", entropy.low},
                     {"unigram_entropy_high", entropy.high},
                     {"entropy_of_all_texts", fusion::unigram_entropy(judged->all)},
                     {"tokens_a_text", fusion::mean_error(judged->tokens).mean},
                     {"empty_texts", double(judged->empty)}},
                    {{"measure", judge.is_exact() ? "exact" : "bound"},
                     {"judge", judge.model().folder.string()},
                     {"handover", same ? "same pieces" : "decoded and cut anew"}}};
  if (calls > 0) result.details.emplace_back("calls_a_text", calls);
  if (!truth.empty()) {
    const auto real = judge_all(truth);
    if (!real) return std::nullopt;
    result.baseline_name = "the true captions under the same judge";
    result.baseline = gen_ppl(*real).value;
    result.details.emplace_back("baseline_unigram_entropy", mean(real->entropies).value);
    result.details.emplace_back("baseline_entropy_of_all_texts", fusion::unigram_entropy(real->all));
  }
  result.seconds = watch.seconds();
  return result;
}

}  // namespace lacuna::evaluation
