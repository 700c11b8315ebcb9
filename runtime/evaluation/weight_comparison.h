#pragma once

#include <cstdint>
#include <memory>

#include "fusion/graph/executor.h"
#include "fusion/models/model_family.h"

namespace lacuna::evaluation {

/// How near one set of weights is to another of the same model.
struct WeightComparison {
  std::int64_t positions = 0;    // compared
  double agreement = 0;          // share of them where both hold the same token for the most probable
  double log_likelihood = 0;     // mean natural logarithm of the probability of the true token, first weights
  double other_log_likelihood = 0;
  double divergence = 0;         // mean Kullback-Leibler divergence KL(first || other), nats
};

/// Compares on canvases that the first weights make up: all is masked, a token is drawn for every position, and of those
/// a random half is masked again; there, the tokens drawn are the truth. The same seed gives the same canvases on
/// every machine that draws the same tokens. Runs three passes for each canvas.
/// Throws std::invalid_argument for canvases < 1, and what the engine throws.
WeightComparison compare_weights(const fusion::ModelFamily& family, graph::Executor& executor,
                                 std::shared_ptr<const graph::WeightSource> first,
                                 std::shared_ptr<const graph::WeightSource> other, int canvases, std::uint64_t seed);

}  // namespace lacuna::evaluation
