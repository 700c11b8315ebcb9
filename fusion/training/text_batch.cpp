#include "fusion/training/text_batch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "fusion/graph/fused_ops.h"
#include "fusion/masking.h"
#include "fusion/training/random.h"

namespace lacuna::training {
namespace {

std::vector<int> random_ranks(std::uint64_t seed, std::uint64_t position, int length) {
  std::vector<double> keys;
  for (int l = 0; l < length; ++l) keys.push_back(uniform(seed, Purpose::token_order, position, std::uint32_t(l)));
  std::vector<int> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int l) { return keys[std::size_t(l)]; });
  std::vector<int> ranks(order.size());
  for (int i = 0; i < length; ++i) ranks[std::size_t(order[std::size_t(i)])] = i;
  return ranks;
}

std::uint64_t sample_of(const BatchKey& key, std::int64_t index) { return std::uint64_t(key.pass * key.total + index); }

}  // namespace

double time_of_count(std::uint64_t seed, std::uint64_t position, int count, int length) {
  std::vector<double> times;
  for (int l = 0; l < length; ++l) {
    times.push_back(uniform_pair(seed, Purpose::text_noise, position, std::uint32_t(l)).second);
  }
  std::ranges::nth_element(times, times.begin() + count - 1);
  return times[std::size_t(count) - 1];
}

TextBatchBuilder::TextBatchBuilder(std::shared_ptr<const TokenStream> stream, const fusion::TokenSpace& tokens,
                                   int length, const TextBatchOptions& options)
    : stream_(std::move(stream)), tokens_(tokens), length_(length), options_(options) {
  const auto require = [](bool ok, const std::string& expected) {
    if (!ok) throw std::invalid_argument("[text] expected " + expected);
  };
  const auto shortest = std::min(stream_->train.size(), stream_->held_out.size());
  require(length >= 2, "windows of at least 2 tokens, got " + std::to_string(length));
  require(shortest >= std::size_t(length), "a held-out text of at least one window of " + std::to_string(length) +
                                               " tokens, got " + std::to_string(shortest) + "; lower --text-length");
  require(stream_->vocabulary == tokens.text.size, "a token space of " + std::to_string(stream_->vocabulary) + " text ids");
  if (options_.objective == Objective::autoregressive) options_.logit_shift = 1;
  require(options_.logit_shift == 0 || masks_tokens(options_.objective) || options_.objective == Objective::autoregressive,
          "--logit-shift only where tokens are masked or with ar");
  require(options_.annealing_steps == 0 || masks_tokens(options_.objective),
          "--attention-annealing-steps only where tokens are masked");
  require(options_.predict_ahead >= 1 && options_.predict_ahead <= length, "--predict-ahead from 1 to the text length");
  require(options_.diffusion_steps >= 1, "--diffusion-steps of at least 1");
}

std::int64_t TextBatchBuilder::begin_sequence(std::span<const std::int32_t> text, double time, TextBatch& batch) const {
  const auto first = std::int64_t(batch.ids.size());
  batch.ids.push_back(tokens_.begin_image);
  for (const std::int32_t id : text) batch.ids.push_back(id < 0 ? tokens_.mask : tokens_.text.begin + id);
  for (int i = 0; i <= length_; ++i) batch.places.push_back(i);
  if (has_queries(options_.objective)) {
    batch.ids.insert(batch.ids.end(), text.size(), tokens_.mask);
    for (int i = 1; i <= length_; ++i) batch.places.push_back(i);
  }
  batch.length = std::int64_t(batch.ids.size()) - first;
  batch.times.insert(batch.times.end(), std::size_t(batch.length), float(time));
  ++batch.sequences;
  return first;
}

void TextBatchBuilder::score(std::int64_t row, std::int32_t target, double weight, TextBatch& batch) const {
  batch.rows.push_back(std::int32_t(row));
  batch.targets.push_back(target);
  batch.weights.push_back(float(weight));
  batch.sample.push_back(std::int32_t(batch.sequences - 1));
}

/// The mask of the sequence that was begun last: causal, and of what lies ahead the part `ahead`.
void TextBatchBuilder::see(TextBatch& batch, const BatchKey& key, std::int64_t index, double ahead) const {
  const auto n = batch.length;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const bool sees = j <= i || (ahead > 0 && uniform(key.seed, Purpose::attention_mask, sample_of(key, index),
                                                        std::uint32_t(i * n + j)) < ahead);
      batch.bias.push_back(sees ? 0.0f : graph::kUnseen);
    }
  }
}

void TextBatchBuilder::append_masked(std::span<const std::int32_t> text, const BatchKey& key, std::int64_t index,
                                     Objective objective, TextBatch& batch) const {
  const fusion::MaskingKey masking{key.seed, std::uint32_t(key.pass), std::uint32_t(index)};
  double time = fusion::stratified_time(key.seed, std::uint32_t(key.pass), std::uint32_t(index), std::uint32_t(key.total));
  std::vector<int> masked;
  double factor = 0;
  if (objective == Objective::continuous_time) {
    time = std::max(time, options_.min_masking_rate);
    masked = fusion::mask_independently(masking, length_, options_.schedule.mask_rate(time));
    factor = options_.schedule.elbo_weight(time);
  } else {
    const int least = std::max(1, int(std::ceil(options_.min_masking_rate * length_)));
    const MaskCount count = mask_count(objective, time, length_, least);
    masked = fusion::mask_exactly(masking, length_, count.count);
    factor = count.weight;
    time = time_of_count(key.seed, sample_of(key, index), count.count, length_);
  }
  std::vector<std::int32_t> seen(text.begin(), text.end());
  for (const int l : masked) seen[std::size_t(l)] = -1;
  const std::int64_t first = begin_sequence(seen, time, batch);
  for (const int l : masked) {
    score(first + 1 + l - options_.logit_shift, text[std::size_t(l)], factor / (double(length_) * double(key.count)), batch);
  }
}

void TextBatchBuilder::append_uniform(std::span<const std::int32_t> text, const BatchKey& key, std::int64_t index,
                                      TextBatch& batch) const {
  const double u = fusion::stratified_time(key.seed, std::uint32_t(key.pass), std::uint32_t(index), std::uint32_t(key.total));
  const int steps = options_.diffusion_steps, t = std::clamp(int(std::ceil(u * steps)), 1, steps);
  const double kept = 1 - options_.schedule.mask_rate(double(t) / steps);
  const double kept_before = 1 - options_.schedule.mask_rate(double(t - 1) / steps);
  std::vector<std::int32_t> noisy(text.begin(), text.end());
  for (int l = 0; l < length_; ++l) {
    const UniformPair pair = uniform_pair(key.seed, Purpose::text_noise, sample_of(key, index), std::uint32_t(l));
    if (pair.first >= kept) {
      noisy[std::size_t(l)] = std::min(std::int32_t(pair.second * tokens_.text.size), tokens_.text.size - 1);
    }
  }
  const std::int64_t first = begin_sequence(noisy, double(t) / steps, batch);
  for (int l = 0; l < length_; ++l) {
    score(first + 1 + l, text[std::size_t(l)], 1.0 / (double(length_) * double(key.count)), batch);
    batch.noisy.push_back(noisy[std::size_t(l)]);
    batch.kept.push_back(float(kept));
    batch.kept_before.push_back(float(kept_before));
  }
}

/// Text and queries: content i sees content of no higher rank, query l the content of ranks below seen[l] and itself.
void TextBatchBuilder::append_queries(std::span<const std::int32_t> text, std::span<const int> ranks,
                                      std::span<const int> seen, TextBatch& batch) const {
  begin_sequence(text, 0, batch);
  const int n = length_;
  for (int i = 0; i < 2 * n + 1; ++i) {
    const int below = i == 0 ? 0 : i <= n ? ranks[std::size_t(i - 1)] + 1 : seen[std::size_t(i - 1 - n)];
    batch.bias.push_back(0.0f);
    for (int j = 0; j < n; ++j) batch.bias.push_back(ranks[std::size_t(j)] < below ? 0.0f : graph::kUnseen);
    for (int j = 0; j < n; ++j) batch.bias.push_back(i == j + 1 + n ? 0.0f : graph::kUnseen);
  }
}

void TextBatchBuilder::append(std::span<const std::int32_t> text, const BatchKey& key, std::int64_t index,
                              Use use, TextBatch& batch) const {
  const double each = 1.0 / (double(length_) * double(key.count));
  const Objective objective = options_.objective;
  if (objective == Objective::autoregressive) {
    const std::int64_t first = begin_sequence(text, 0, batch);
    see(batch, key, index, 0);
    for (int l = 0; l < length_; ++l) score(first + l, text[std::size_t(l)], each, batch);
  } else if (objective == Objective::d3pm_uniform) {
    append_uniform(text, key, index, batch);
  } else {
    std::vector<int> ranks(text.size()), seen;
    std::iota(ranks.begin(), ranks.end(), 0);
    if (objective == Objective::any_order) {
      ranks = random_ranks(key.seed, sample_of(key, index), length_);
      seen = ranks;
    } else {
      const int most = options_.predict_ahead;
      for (int l = 0; l < length_; ++l) {
        const double u = uniform(key.seed, Purpose::look_ahead, sample_of(key, index), std::uint32_t(l));
        const int back = use == Use::training ? 1 + std::min(int(u * most), most - 1) : 1 + l % most;
        seen.push_back(std::max(0, l + 1 - back));
      }
    }
    const auto first = std::int64_t(batch.ids.size());
    append_queries(text, ranks, seen, batch);
    for (int l = 0; l < length_; ++l) score(first + 1 + length_ + l, text[std::size_t(l)], each, batch);
  }
}

TextBatch TextBatchBuilder::training(const BatchKey& key, std::int64_t step) const {
  TextBatch batch;
  const std::span<const std::int32_t> all = stream_->train;
  const auto starts = double(all.size() - std::size_t(length_) + 1);
  for (std::int64_t i = key.first; i < key.first + key.count; ++i) {
    const auto begin = std::size_t(uniform(key.seed, Purpose::window, sample_of(key, i)) * starts);
    const auto text = all.subspan(begin, std::size_t(length_));
    if (!masks_tokens(options_.objective)) {
      append(text, key, i, Use::training, batch);
      continue;
    }
    append_masked(text, key, i, options_.objective, batch);
    const double ahead = double(step + 1) / double(std::max<std::int64_t>(1, options_.annealing_steps));
    if (ahead < 1) see(batch, key, i, ahead);
  }
  return batch;
}

TextBatch TextBatchBuilder::evaluation(std::span<const std::int64_t> windows, const BatchKey& key,
                                       Objective bound) const {
  TextBatch batch;
  const std::span<const std::int32_t> all = stream_->held_out;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const auto text = all.subspan(std::size_t(windows[i] * length_), std::size_t(length_));
    const auto index = key.first + std::int64_t(i);
    if (masks_tokens(options_.objective)) append_masked(text, key, index, bound, batch);
    else append(text, key, index, Use::evaluation, batch);
  }
  return batch;
}

TextBatch TextBatchBuilder::partly_known(std::span<const std::vector<std::int32_t>> text, std::span<const int> order,
                                         int known, std::span<const int> wanted, double time) const {
  TextBatch batch;
  const Objective objective = options_.objective;
  std::vector<int> ranks(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) ranks[std::size_t(order[i])] = int(i);
  const std::vector<int> seen(order.size(), known);
  for (const auto& ids : text) {
    const auto first = std::int64_t(batch.ids.size());
    if (has_queries(objective)) {
      append_queries(ids, ranks, seen, batch);
    } else {
      begin_sequence(ids, time, batch);
      if (objective == Objective::autoregressive) see(batch, {}, 0, 0);
    }
    const std::int64_t shift = has_queries(objective) ? length_ : -options_.logit_shift;
    for (const int l : wanted) score(first + 1 + l + shift, 0, 0, batch);
  }
  return batch;
}

}  // namespace lacuna::training
