#include "fusion/training/text_sampling.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "fusion/graph/fused_ops.h"
#include "fusion/statistics.h"
#include "fusion/training/random.h"
#include "runtime/generation/uniform_noise.h"

namespace lacuna::training {
namespace {

/// Inverse CDF over float64 sums of a row of weights.
std::int32_t draw(const double* row, std::int64_t classes, double u) {
  const double total = std::accumulate(row, row + classes, 0.0);
  double left = u * total;
  for (std::int64_t k = 0; k < classes; ++k) {
    left -= row[k];
    if (left < 0) return std::int32_t(k);
  }
  return std::int32_t(classes - 1);
}

std::vector<int> filling_order(Objective objective, int length, std::uint64_t seed) {
  std::vector<int> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  if (objective == Objective::autoregressive || objective == Objective::multi_token) return order;
  std::ranges::sort(order, {}, [&](int l) { return uniform(seed, Purpose::token_order, 0, std::uint32_t(l)); });
  return order;
}

at::Tensor probabilities(TextNetwork& network, const TensorMap& weights, const TextBatch& batch) {
  return at::softmax(network.logits(weights, batch).to(at::kDouble), 1).to(at::kCPU).contiguous();
}

void fill(TextNetwork& network, const TextBatchBuilder& builder, const TensorMap& weights, int calls, std::uint64_t seed,
          WrittenTexts& texts) {
  const int length = builder.length();
  const auto order = filling_order(builder.options().objective, length, seed);
  int known = 0;
  for (int call = 0; call < calls; ++call) {
    const int until = int((std::int64_t(call) + 1) * length / calls);
    if (until == known) continue;
    const std::span<const int> wanted(order.data() + known, std::size_t(until - known));
    const TextBatch batch = builder.partly_known(texts.ids, order, known, wanted, 1 - double(known) / length);
    const at::Tensor mu = probabilities(network, weights, batch);
    const double* row = mu.data_ptr<double>();
    for (std::size_t text = 0; text < texts.ids.size(); ++text) {
      for (const int l : wanted) {
        const double u = uniform(seed, Purpose::evaluation, text, std::uint32_t(l));
        texts.ids[text][std::size_t(l)] = draw(row, mu.size(1), u);
        row += mu.size(1);
      }
    }
    known = until;
    ++texts.calls;
  }
}

void undo_noise(TextNetwork& network, const TextBatchBuilder& builder, const TensorMap& weights, int calls,
                std::uint64_t seed, WrittenTexts& texts) {
  generation::UniformOptions options;
  options.classes = network.config().tokens.text.size;
  options.length = builder.length();
  options.steps = calls;
  options.schedule = builder.options().schedule;
  std::vector<int> all(static_cast<std::size_t>(options.length));
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::uint64_t> seeds;
  for (std::size_t text = 0; text < texts.ids.size(); ++text) seeds.push_back(seed * texts.ids.size() + text);
  const auto clean = [&](std::span<const std::vector<std::int32_t>> noisy, double time) {
    const at::Tensor mu = probabilities(network, weights, builder.partly_known(noisy, all, options.length, all, time));
    ++texts.calls;
    return std::vector<double>(mu.data_ptr<double>(), mu.data_ptr<double>() + mu.numel());
  };
  texts.ids = generation::undo_uniform_noise(clean, options, texts.ids.front(), seeds);
}

}  // namespace

WrittenTexts write_texts(TextNetwork& network, const TextBatchBuilder& builder, const TensorMap& weights, int count,
                         int calls, std::uint64_t seed) {
  WrittenTexts texts;
  texts.ids.assign(std::size_t(count), std::vector<std::int32_t>(std::size_t(builder.length()), -1));
  const auto started = std::chrono::steady_clock::now();
  if (builder.options().objective == Objective::d3pm_uniform) {
    undo_noise(network, builder, weights, calls, seed, texts);
  } else {
    fill(network, builder, weights, std::min(calls, builder.length()), seed, texts);
  }
  texts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return texts;
}

Judgement judge_texts(TextNetwork* judge, const TensorMap& judge_weights, const WrittenTexts& texts) {
  Judgement result;
  if (texts.ids.empty()) return result;
  for (const auto& ids : texts.ids) result.unigram_entropy += fusion::unigram_entropy(ids) / double(texts.ids.size());
  if (judge == nullptr) return result;
  const auto& tokens = judge->config().tokens;
  TextBatch batch;
  const auto length = std::int64_t(texts.ids.front().size());
  batch.sequences = std::int64_t(texts.ids.size());
  batch.length = length + 1;
  for (const auto& ids : texts.ids) {
    const auto first = std::int64_t(batch.ids.size());
    batch.ids.push_back(tokens.begin_image);
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
    for (std::int64_t i = 0; i <= length; ++i) {
      batch.places.push_back(std::int32_t(i));
      for (std::int64_t j = 0; j <= length; ++j) batch.bias.push_back(j <= i ? 0.0f : graph::kUnseen);
    }
    for (std::int64_t l = 0; l < length; ++l) {
      batch.rows.push_back(std::int32_t(first + l));
      batch.targets.push_back(ids[std::size_t(l)]);
    }
  }
  result.gen_ppl = std::exp(at::mean(judge->losses(judge_weights, batch, 1, 0)).item<double>());
  return result;
}

}  // namespace lacuna::training
