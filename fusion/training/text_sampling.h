#pragma once

#include <cstdint>
#include <vector>

#include "fusion/training/text_network.h"

namespace lacuna::training {

/// Texts that a network wrote, and what they cost.
struct WrittenTexts {
  std::vector<std::vector<std::int32_t>> ids;  // [texts][length]
  int calls = 0;                               // of the network, all texts in one batch
  double seconds = 0;
};

/// Writes `count` texts from nothing at temperature 1 in `calls` calls. Autoregressive and multi_token fill from left
/// to right, the others in an order drawn at random, as many places a call as it takes; d3pm_uniform starts with random
/// tokens and takes `calls` reverse steps. Nothing is cached between calls.
WrittenTexts write_texts(TextNetwork& network, const TextBatchBuilder& builder, const TensorMap& weights, int count,
                         int calls, std::uint64_t seed);

/// How texts are judged by another model: the exponential of its nats a token (Gen-PPL), which a text without variety
/// makes small, and therefore also the entropy of token frequencies inside a text, nats.
struct Judgement {
  double gen_ppl = 0;
  double unigram_entropy = 0;
};

/// `judge` must be autoregressive and have the same text ids; a null judge leaves gen_ppl 0.
Judgement judge_texts(TextNetwork* judge, const TensorMap& judge_weights, const WrittenTexts& texts);

}  // namespace lacuna::training
