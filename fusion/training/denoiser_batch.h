#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fusion/layout.h"
#include "fusion/noise_schedule.h"
#include "fusion/token_space.h"
#include "fusion/training/data_order.h"
#include "fusion/training/objective.h"
#include "fusion/training/shards/shard_set.h"

namespace lacuna::training {

/// What one sample asks of the model.
enum class Task : std::uint8_t { text_to_image, captioning, joint, text_only };

/// How samples are made from records.
struct BatchOptions {
  double task_weights[4] = {0.5, 0.3, 0.2, 0.0};  // by Task
  double caption_dropout = 0.1;                   // text-to-image only: the caption is masked and not scored
  double picture_dropout = 0.0;                   // captioning only: up to this part of the codes is hidden, not scored
  std::int64_t drawing_copies = 0;                // versions of a picture that are to be drawn; 0 = all
  double padding_weight = 0.2;                    // of the end-of-text tokens after the first
  double min_masking_rate = 0.0;
  Objective objective = Objective::token_count;  // one that masks tokens
  fusion::NoiseSchedule schedule{fusion::ScheduleKind::linear};  // continuous-time only
};

/// Rows of one modality that are scored. Padded with weight 0 to a round number of rows, so that few shapes
/// occur.
struct ScoredRows {
  std::vector<std::int32_t> rows;     // of the batch's B * L tokens
  std::vector<std::int32_t> targets;  // relative to the modality's ids
  std::vector<float> weights;         // of the cross-entropy in the sum that is the batch's loss
};

/// A batch as plain numbers.
struct DenoiserBatch {
  std::vector<std::int32_t> ids;  // [B * L]
  ScoredRows text, image;
};

/// What the samples of a pass are drawn by.
struct BatchKey {
  std::uint64_t seed = 0;
  std::int64_t pass = 0;   // forward pass of the run
  std::int64_t first = 0;  // first sample of this process in the pass
  std::int64_t count = 0;  // samples of this process
  std::int64_t total = 0;  // of all processes together, which the noise levels are spread over
};

/// Makes batches from token shards. Every number is a function of the key, so batches may be made ahead, on
/// any thread.
class BatchBuilder {
 public:
  /// Throws std::invalid_argument where the shards do not fit the token space and sizes.
  BatchBuilder(std::shared_ptr<const ShardSet> shards, const fusion::TokenSpace& tokens,
               const fusion::LayoutSizes& sizes, const BatchOptions& options, std::uint64_t seed);

  /// A training batch.
  DenoiserBatch training(const BatchKey& key) const;
  /// The given records under one task, their main caption and first picture; token-count weights without
  /// padding_weight, so that the sum of weighted cross-entropies is the mean bound in nats a token of the span.
  DenoiserBatch evaluation(std::span<const std::int64_t> records, Task task, const BatchKey& key) const;

  const ShardSet& shards() const { return *shards_; }
  /// Positions of a canvas, row-major [L, 3].
  const std::vector<std::int32_t>& positions() const { return positions_; }
  std::int64_t length() const { return std::int64_t(template_.size()); }
  std::int64_t training_records() const { return order_.size(); }

 private:
  struct Sample {
    std::int64_t record = 0;
    std::int32_t picture = 0, caption = 0;
    Task task = Task::joint;
    bool drop_caption = false;
    double hidden_codes = 0;  // part of the picture
    double text_time = 0, image_time = 0;
    double padding_weight = 1;
  };
  Sample draw(const BatchKey& key, std::int64_t index) const;
  void append(const Sample& sample, const BatchKey& key, std::int64_t index, DenoiserBatch& batch) const;
  void score(fusion::Modality modality, std::span<const std::int32_t> targets, std::span<const float> weights,
             double time, const BatchKey& key, std::int64_t index, std::int64_t begin, DenoiserBatch& batch) const;

  std::shared_ptr<const ShardSet> shards_;
  fusion::TokenSpace tokens_;
  fusion::LayoutSizes sizes_;
  BatchOptions options_;
  DataOrder order_;
  std::vector<std::int32_t> template_, positions_;
  int text_begin_ = 0, image_begin_ = 0;
};

/// Training batches, made on other threads while the device works.
class BatchPrefetcher {
 public:
  /// `builder` must outlive this. `depth` batches are made ahead; 0 = none.
  BatchPrefetcher(const BatchBuilder& builder, int depth) : builder_(builder), depth_(depth) {}
  DenoiserBatch get(const BatchKey& key);

 private:
  struct Pending {
    std::int64_t pass;
    std::future<DenoiserBatch> batch;
  };
  const BatchBuilder& builder_;
  int depth_;
  std::deque<Pending> pending_;
};

}  // namespace lacuna::training
