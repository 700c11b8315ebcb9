#include "fusion/training/denoiser_batch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "fusion/masking.h"
#include "fusion/training/random.h"

namespace lacuna::training {
namespace {

using fusion::Modality;

std::vector<float> training_weights(const ShardSet& shards) {
  std::vector<float> weights;
  for (const std::int64_t record : shards.records_of(Split::train)) weights.push_back(shards.info(record).weight);
  return weights;
}

/// Fills up with rows that count nothing.
void pad(ScoredRows& scored, std::int64_t largest) {
  if (scored.rows.empty()) return;
  const std::size_t unit = std::max<std::size_t>(8, std::bit_ceil(std::size_t(largest)) / 64);
  const std::size_t size = (scored.rows.size() + unit - 1) / unit * unit;
  scored.rows.resize(size, 0);
  scored.targets.resize(size, 0);
  scored.weights.resize(size, 0.0f);
}

}  // namespace

BatchBuilder::BatchBuilder(std::shared_ptr<const ShardSet> shards, const fusion::TokenSpace& tokens,
                           const fusion::LayoutSizes& sizes, const BatchOptions& options, std::uint64_t seed)
    : shards_(std::move(shards)), tokens_(tokens), sizes_(sizes), options_(options),
      order_(seed, training_weights(*shards_)) {
  const ShardLayout& layout = shards_->layout();
  if (layout.kind != PictureKind::tokens || layout.code_height != sizes.grid_height || layout.code_width != sizes.grid_width ||
      layout.codebook_size > tokens.image.size || layout.text_length != sizes.text_length ||
      layout.text_vocabulary > tokens.text.size || layout.end_of_text != tokens.end_of_text - tokens.text.begin) {
    throw std::invalid_argument("[denoiser] the shards' text length, vocabulary, grid or codebook are not the model's");
  }
  const fusion::Canvas canvas = fusion::layout_joint(tokens, sizes);
  template_.assign(canvas.ids().begin(), canvas.ids().end());
  positions_ = fusion::rotary_positions(canvas);
  text_begin_ = canvas.span(Modality::text).begin;
  image_begin_ = canvas.span(Modality::image).begin;
}

BatchBuilder::Sample BatchBuilder::draw(const BatchKey& key, std::int64_t index) const {
  const auto position = std::uint64_t(key.pass * key.total + index);
  Sample sample;
  sample.record = shards_->records_of(Split::train)[std::size_t(order_.at(position))];
  const RecordInfo info = shards_->info(sample.record);
  const auto& w = options_.task_weights;
  const UniformPair u = uniform_pair(key.seed, Purpose::task, position, 0);
  double left = u.first * (w[0] + w[1] + w[2] + w[3]);
  int task = 0;
  while (task < 3 && left >= w[task]) left -= w[task++];
  sample.task = Task(task);
  // Moved and turned versions teach what a picture shows, but they are not what is to be drawn.
  const bool draws = sample.task == Task::text_to_image || sample.task == Task::joint;
  const std::int32_t versions = draws && options_.drawing_copies > 0
                                    ? std::int32_t(std::min<std::int64_t>(options_.drawing_copies, info.pictures))
                                    : info.pictures;
  sample.picture = std::int32_t(uniform(key.seed, Purpose::picture_copy, position) * versions);
  // A prompt may be worded in any way; what is to be written is the main wording, or the model would have to
  // guess which of them is wanted.
  if (sample.task == Task::text_to_image) {
    sample.caption = shards_->pick_caption(sample.record, uniform(key.seed, Purpose::caption_variant, position));
  }
  sample.drop_caption = sample.task == Task::text_to_image &&
                        uniform(key.seed, Purpose::caption_dropout, position) < options_.caption_dropout;
  if (sample.task == Task::captioning) {
    sample.hidden_codes = options_.picture_dropout * uniform(key.seed, Purpose::picture_dropout, position);
  }
  // One stratified time serves the modality that the task is about; the other of a joint sample is independent.
  const double time = fusion::stratified_time(key.seed, std::uint32_t(key.pass), std::uint32_t(index),
                                              std::uint32_t(key.total));
  sample.image_time = time;
  sample.text_time = sample.task == Task::joint ? u.second : time;
  sample.padding_weight = options_.padding_weight;
  return sample;
}

void BatchBuilder::score(Modality modality, std::span<const std::int32_t> targets, std::span<const float> weights,
                         double time, const BatchKey& key, std::int64_t index, std::int64_t begin,
                         DenoiserBatch& batch) const {
  const int length = int(targets.size());
  const fusion::MaskingKey masking{key.seed, std::uint32_t(key.pass),
                                   std::uint32_t(index * 2 + (modality == Modality::text ? 0 : 1))};
  double span_weight = 0;
  for (const float w : weights) span_weight += w;
  std::vector<int> masked;
  double factor = 0;
  if (options_.objective != Objective::continuous_time) {
    const int least = std::max(1, int(std::ceil(options_.min_masking_rate * length)));
    const MaskCount count = mask_count(options_.objective, time, length, least);
    masked = fusion::mask_exactly(masking, length, count.count);
    factor = count.weight;
  } else {
    const double rate = options_.schedule.mask_rate(std::max(time, options_.min_masking_rate));
    masked = fusion::mask_independently(masking, length, rate);
    factor = options_.schedule.elbo_weight(std::max(time, options_.min_masking_rate));
  }
  ScoredRows& scored = modality == Modality::text ? batch.text : batch.image;
  for (const int i : masked) {
    batch.ids[std::size_t(begin + i)] = tokens_.mask;
    scored.rows.push_back(std::int32_t(begin + i));
    scored.targets.push_back(targets[std::size_t(i)]);
    scored.weights.push_back(float(factor * weights[std::size_t(i)] / (span_weight * double(key.count))));
  }
}

void BatchBuilder::append(const Sample& sample, const BatchKey& key, std::int64_t index,
                          DenoiserBatch& batch) const {
  const auto start = std::int64_t(batch.ids.size());
  batch.ids.insert(batch.ids.end(), template_.begin(), template_.end());
  std::vector<std::int32_t> text(std::size_t(sizes_.text_length), tokens_.end_of_text - tokens_.text.begin);
  const auto caption = shards_->caption(sample.record, sample.caption);
  std::copy(caption.begin(), caption.end(), text.begin());
  std::vector<std::int32_t> codes(std::size_t(sizes_.image_length()));
  shards_->read_codes(sample.record, sample.picture, codes);

  const bool shows_text = sample.task != Task::text_to_image || !sample.drop_caption;
  if (shows_text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      batch.ids[std::size_t(start + text_begin_) + i] = tokens_.text.begin + text[i];
    }
  }
  if (sample.task != Task::text_only) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      batch.ids[std::size_t(start + image_begin_) + i] = tokens_.image.begin + codes[i];
    }
  }
  if (sample.hidden_codes > 0) {
    const fusion::MaskingKey masking{key.seed, std::uint32_t(key.pass), std::uint32_t(index * 2 + 1)};
    for (const int i : fusion::mask_independently(masking, int(codes.size()), sample.hidden_codes)) {
      batch.ids[std::size_t(start + image_begin_ + i)] = tokens_.mask;
    }
  }
  if (sample.task != Task::text_to_image) {
    std::vector<float> weights(text.size(), 1.0f);
    for (std::size_t i = caption.size() + 1; i < weights.size(); ++i) weights[i] = float(sample.padding_weight);
    score(Modality::text, text, weights, sample.text_time, key, index, start + text_begin_, batch);
  }
  if (sample.task == Task::text_to_image || sample.task == Task::joint) {
    const std::vector<float> weights(codes.size(), 1.0f);
    score(Modality::image, codes, weights, sample.image_time, key, index, start + image_begin_, batch);
  }
}

DenoiserBatch BatchBuilder::training(const BatchKey& key) const {
  DenoiserBatch batch;
  for (std::int64_t i = key.first; i < key.first + key.count; ++i) append(draw(key, i), key, i, batch);
  pad(batch.text, key.count * sizes_.text_length);
  pad(batch.image, key.count * sizes_.image_length());
  return batch;
}

DenoiserBatch BatchBuilder::evaluation(std::span<const std::int64_t> records, Task task, const BatchKey& key) const {
  DenoiserBatch batch;
  for (std::size_t i = 0; i < records.size(); ++i) {
    Sample sample;
    sample.record = records[i];
    sample.task = task;
    const auto index = key.first + std::int64_t(i);
    sample.text_time = sample.image_time = fusion::stratified_time(key.seed, std::uint32_t(key.pass),
                                                                   std::uint32_t(index), std::uint32_t(key.total));
    append(sample, key, index, batch);
  }
  pad(batch.text, key.count * sizes_.text_length);
  pad(batch.image, key.count * sizes_.image_length());
  return batch;
}

DenoiserBatch BatchPrefetcher::get(const BatchKey& key) {
  if (!pending_.empty() && pending_.front().pass != key.pass) pending_.clear();
  DenoiserBatch batch;
  if (pending_.empty()) {
    batch = builder_.training(key);
  } else {
    batch = pending_.front().batch.get();
    pending_.pop_front();
  }
  while (int(pending_.size()) < depth_) {
    BatchKey next = key;
    next.pass = pending_.empty() ? key.pass + 1 : pending_.back().pass + 1;
    pending_.push_back({next.pass, std::async(std::launch::async, [this, next] { return builder_.training(next); })});
  }
  return batch;
}

}  // namespace lacuna::training
