#include "runtime/cpu/draw.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "fusion/graph/philox.h"
#include "runtime/cpu/draw_filter.h"
#include "runtime/cpu/logit_row.h"
#include "runtime/cpu/vector_exp.h"

namespace lacuna::cpu {
namespace {

using graph::Proposal;
using graph::SamplingParameters;

constexpr std::size_t kMaxBlocks = 256;

struct Peaks {
  float first = 0.0f;
  float second = 0.0f;  // equal to first for a tie, -inf for one class
  bool valid = false;   // no NaN, no +inf, something finite
};

LACUNA_CLONES Peaks find_peaks(const LogitRow& row) {
  Float8 first = Float8{} - std::numeric_limits<float>::infinity();
  Float8 second = first, poison = {};
  for (std::size_t i = 0; i < row.classes; i += kLanes) {
    Float8 x;
    load(row, i, x);
    poison = x == x ? poison : x;
    const Float8 lower = x < first ? x : first;
    first = x > first ? x : first;
    second = lower > second ? lower : second;
  }
  Peaks peaks{-std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), true};
  for (std::size_t j = 0; j < kLanes; ++j) {
    peaks.valid = peaks.valid && poison[j] == poison[j];
    for (float x : {float(first[j]), float(second[j])}) {
      peaks.second = std::max(peaks.second, std::min(peaks.first, x));
      peaks.first = std::max(peaks.first, x);
    }
  }
  peaks.valid = peaks.valid && std::isfinite(peaks.first);
  return peaks;
}

/// Sums of exp((x - peak) / temperature) over blocks of equal length, so that a draw looks at one block alone.
struct BlockSums {
  std::array<double, kMaxBlocks> sums;
  std::size_t block = 0;  // classes in a block, a multiple of kLanes
  std::size_t count = 0;
  double total = 0.0;
  double weighted = 0.0;  // sum of exp(y) * y
};

double sum_of(const Double8& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

LACUNA_CLONES void sum_blocks(const LogitRow& row, double peak, double inverse_temperature, BlockSums& result) {
  result.block = kLanes * 8 * ((row.classes + kLanes * 8 * kMaxBlocks - 1) / (kLanes * 8 * kMaxBlocks));
  result.count = 0;
  result.total = 0.0;
  Double8 weighted = {};
  for (std::size_t begin = 0; begin < row.classes; begin += result.block) {
    const std::size_t end = std::min(row.classes, begin + result.block);
    Double8 sum = {};
    for (std::size_t i = begin; i < end; i += kLanes) {
      Float8 x;
      load(row, i, x);
      const Double8 y = (__builtin_convertvector(x, Double8) - peak) * inverse_temperature;
      Double8 e;
      exp_of(y, e);
      sum += e;
      weighted += y > Double8{} + kExpFloor ? e * y : Double8{};
    }
    const double block_sum = sum_of(sum);
    result.sums[result.count++] = block_sum;
    result.total += block_sum;
  }
  result.weighted = sum_of(weighted);
}

std::size_t first_of(const LogitRow& row, float logit) {
  for (std::size_t i = 0; i < row.classes; ++i) {
    if (row.at(i) == logit) return i;
  }
  return 0;
}

/// Inverse CDF in class order: the first class whose cumulative sum exceeds uniform * total.
std::size_t draw_from(const LogitRow& row, double peak, double inverse_temperature, const BlockSums& blocks,
                      double uniform) {
  double rest = uniform * blocks.total;
  std::size_t b = 0, last = 0;
  for (; b < blocks.count && rest >= blocks.sums[b]; ++b) {
    rest -= blocks.sums[b];
    if (blocks.sums[b] > 0.0) last = b;
  }
  // Rounding may carry the walk over an end; the last class of positive probability is right then.
  const bool past_end = b == blocks.count;
  if (past_end) b = last;
  const std::size_t begin = b * blocks.block, end = std::min(row.classes, begin + blocks.block);
  double sum = 0.0;
  std::size_t chosen = begin;
  for (std::size_t i = begin; i < end; ++i) {
    const double e = exp_of((double(row.at(i)) - peak) * inverse_temperature);
    if (e > 0.0) chosen = i;
    sum += e;
    if (!past_end && sum > rest) break;
  }
  return chosen;
}

constexpr std::size_t kKeyWords = 5;  // of a row of keys

}  // namespace

void validate(const SamplingParameters& p) {
  const auto require = [](bool ok, const char* expected, float got) {
    if (!ok) throw std::invalid_argument("[draw] expected " + std::string(expected) + ", got " + std::to_string(got));
  };
  require(std::isfinite(p.temperature) && p.temperature >= 0.0f, "a finite temperature >= 0", p.temperature);
  require(std::isfinite(p.guidance_scale), "a finite guidance scale", p.guidance_scale);
  require(p.top_k >= 0.0f, "top-k >= 0", p.top_k);
  require(p.top_p >= 0.0f && p.top_p <= 1.0f, "top-p in [0, 1]", p.top_p);
}

double uniform_of(const DrawKey& key) {
  const auto words = graph::philox4x32({key.key_low, key.key_high},
                                       {key.position, key.step, std::uint32_t(graph::RandomStream::token), 0});
  return graph::uniform53(words[0], words[1]);
}

Proposal draw_row_at(std::span<const float> logits, std::span<const float> unconditional,
                     const SamplingParameters& p, double uniform, DrawScratch& scratch) {
  const bool guided = !unconditional.empty() && p.guidance_scale != 1.0f;
  const LogitRow row{logits.data(), guided ? unconditional.data() : nullptr, p.guidance_scale, logits.size()};
  const Peaks peaks = find_peaks(row);
  if (!peaks.valid) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    return {0.0f, nan, nan, nan};
  }
  const double peak = double(peaks.first);
  BlockSums blocks;
  sum_blocks(row, peak, 1.0, blocks);
  const double log_total = std::log(blocks.total);
  Proposal proposal;
  proposal.margin = float((1.0 - exp_of(double(peaks.second) - peak)) / blocks.total);
  if (row.classes == 1) proposal.margin = 1.0f;
  proposal.entropy = float(std::max(0.0, log_total - blocks.weighted / blocks.total));

  // A temperature whose inverse overflows is the limit at 0 as well; so is one that is no number.
  const double inverse_temperature = 1.0 / double(p.temperature);
  std::size_t token = 0;
  if (!(p.temperature > 0.0f) || !std::isfinite(inverse_temperature)) {
    token = first_of(row, peaks.first);
  } else if (p.top_k > 0.0f || p.top_p < 1.0f) {
    token = draw_filtered(row, {peak, inverse_temperature, p.top_k, p.top_p}, uniform, scratch.candidates());
  } else {
    if (p.temperature != 1.0f) sum_blocks(row, peak, inverse_temperature, blocks);
    token = draw_from(row, peak, inverse_temperature, blocks, uniform);
  }
  proposal.token = float(token);
  proposal.log_prob = float((double(row.at(token)) - peak) - log_total);
  return proposal;
}

Proposal draw_row(std::span<const float> logits, std::span<const float> unconditional,
                  const SamplingParameters& parameters, const DrawKey& key, DrawScratch& scratch) {
  if (key.banned < 0 || std::size_t(key.banned) >= logits.size()) {
    return draw_row_at(logits, unconditional, parameters, uniform_of(key), scratch);
  }
  const bool guided = !unconditional.empty() && parameters.guidance_scale != 1.0f;
  const LogitRow row{logits.data(), guided ? unconditional.data() : nullptr, parameters.guidance_scale, logits.size()};
  scratch.row().resize(row.classes);
  for (std::size_t i = 0; i < row.classes; ++i) scratch.row()[i] = row.at(i);
  scratch.row()[std::size_t(key.banned)] = -std::numeric_limits<float>::infinity();
  return draw_row_at(scratch.row(), {}, parameters, uniform_of(key), scratch);
}

void draw_rows(std::span<const float> logits, std::span<const float> unconditional, std::span<const float> sampling,
               std::span<const std::int32_t> keys, std::span<float> proposals, DrawScratch& scratch) {
  const SamplingParameters parameters{sampling[0], sampling[1], sampling[2], sampling[3]};
  validate(parameters);
  const std::size_t rows = keys.size() / kKeyWords;
  const std::size_t classes = rows ? logits.size() / rows : 0;
  for (std::size_t m = 0; m < rows; ++m) {
    const std::int32_t* k = keys.data() + kKeyWords * m;
    const DrawKey key{std::uint32_t(k[0]), std::uint32_t(k[1]), std::uint32_t(k[2]), std::uint32_t(k[3]),
                      k[4]};
    const auto second = unconditional.empty() ? unconditional : unconditional.subspan(m * classes, classes);
    const auto proposal =
        std::bit_cast<std::array<float, 4>>(draw_row(logits.subspan(m * classes, classes), second, parameters, key, scratch));
    std::ranges::copy(proposal, proposals.begin() + std::ptrdiff_t(4 * m));
  }
}

}  // namespace lacuna::cpu
