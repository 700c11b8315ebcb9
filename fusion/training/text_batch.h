#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fusion/noise_schedule.h"
#include "fusion/token_space.h"
#include "fusion/training/denoiser_batch.h"
#include "fusion/training/objective.h"
#include "fusion/training/token_stream.h"

namespace lacuna::training {

/// How samples of text are made.
struct TextBatchOptions {
  Objective objective = Objective::token_count;
  fusion::NoiseSchedule schedule{fusion::ScheduleKind::linear};  // continuous_time and d3pm_uniform
  double min_masking_rate = 0.0;
  /// Logits of a position come from the row before it: always so under autoregressive; a choice where tokens are
  /// masked, for models that were autoregressive before.
  int logit_shift = 0;
  /// Attention-mask annealing (DiffuLLaMA, arXiv 2410.17891, section 3.2): in step s what lies ahead is seen with
  /// probability min(1, (s + 1) / annealing_steps), each pair on its own; 0 = everything is seen from the start.
  std::int64_t annealing_steps = 0;
  int predict_ahead = 4;       // multi_token
  int diffusion_steps = 1000;  // T of d3pm_uniform
};

/// A batch of sequences of equal length as plain numbers. T rows in all.
struct TextBatch {
  std::int64_t sequences = 0, length = 0;  // rows of a sequence, the begin of text included
  std::vector<std::int32_t> ids;           // [T]
  std::vector<std::int32_t> places;        // [T]: rotary position
  std::vector<float> bias;                 // [T, length], empty where everything sees everything
  std::vector<float> times;                // [T]
  // By scored row:
  std::vector<std::int32_t> rows, targets, sample;
  std::vector<float> weights;
  // d3pm_uniform alone, by scored row: the class that stands there, and the parts of tokens that noise has not touched
  // at t and at t - 1.
  std::vector<std::int32_t> noisy;
  std::vector<float> kept, kept_before;
};

/// Makes batches from a stream of text. Every number is a function of the key, so that a resumed run sees what the
/// unbroken one would have.
class TextBatchBuilder {
 public:
  /// `length` tokens a window. Throws std::invalid_argument where the stream is shorter or an option does not fit the
  /// objective.
  TextBatchBuilder(std::shared_ptr<const TokenStream> stream, const fusion::TokenSpace& tokens, int length,
                   const TextBatchOptions& options);

  /// A training batch of random windows; the sum of weighted losses is the mean loss in nats a token.
  TextBatch training(const BatchKey& key, std::int64_t step) const;
  /// The given windows of the held-out text (window w begins at token w * length). Where tokens are masked, `bound` is
  /// token_count or continuous_time; other objectives have one measure each: multi_token that of blocks of predict_ahead
  /// tokens drawn at once.
  TextBatch evaluation(std::span<const std::int64_t> windows, const BatchKey& key, Objective bound) const;
  std::int64_t held_out_windows() const { return std::int64_t(stream_->held_out.size()) / length_; }

  /// Texts in the making: `text` [sequences][length] with -1 for what is not known (uniform noise: all known),
  /// `order` [length] the order in which places are filled, of which the first `known` are; `wanted` are the places
  /// whose distributions are asked for. Targets and weights are 0.
  TextBatch partly_known(std::span<const std::vector<std::int32_t>> text, std::span<const int> order, int known,
                         std::span<const int> wanted, double time) const;

  const TokenStream& stream() const { return *stream_; }
  const TextBatchOptions& options() const { return options_; }
  int length() const { return length_; }

 private:
  enum class Use : std::uint8_t { training, evaluation };
  void append(std::span<const std::int32_t> text, const BatchKey& key, std::int64_t index, Use use, TextBatch& batch) const;
  void append_masked(std::span<const std::int32_t> text, const BatchKey& key, std::int64_t index, Objective objective,
                     TextBatch& batch) const;
  void append_uniform(std::span<const std::int32_t> text, const BatchKey& key, std::int64_t index, TextBatch& batch) const;
  void append_queries(std::span<const std::int32_t> text, std::span<const int> ranks, std::span<const int> seen,
                      TextBatch& batch) const;
  std::int64_t begin_sequence(std::span<const std::int32_t> text, double time, TextBatch& batch) const;
  void score(std::int64_t row, std::int32_t target, double weight, TextBatch& batch) const;
  void see(TextBatch& batch, const BatchKey& key, std::int64_t index, double ahead) const;

  std::shared_ptr<const TokenStream> stream_;
  fusion::TokenSpace tokens_;
  int length_;
  TextBatchOptions options_;
};

/// The n-th smallest of `length` uniforms: the time at which n of them are masked under a linear schedule, which is
/// Beta(n, length - n + 1) (arXiv 2409.02908, proposition 3.1).
double time_of_count(std::uint64_t seed, std::uint64_t position, int count, int length);

}  // namespace lacuna::training
