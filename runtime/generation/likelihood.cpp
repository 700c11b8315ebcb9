#include "runtime/generation/likelihood.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "fusion/graph/philox.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;

[[noreturn]] void fail(const std::string& message) { throw std::invalid_argument("[likelihood] expected " + message); }

Draws guided(float scale) {
  Draws draws;
  draws.text.guidance_scale = scale;
  draws.text.temperature = 0.0f;
  return draws;
}

/// The prompt as frames, and the answer as if its known tokens had been revealed: guidance masks the prompt alone.
Canvas canvas_of(const fusion::TokenSpace& space, std::span<const std::int32_t> prompt,
                 std::span<const std::int32_t> answer) {
  Canvas canvas;
  for (std::int32_t id : prompt) canvas.append_frame(id);
  canvas.append_span(space, Modality::text, std::vector<std::int32_t>(answer.size(), space.mask));
  for (std::size_t i = 0; i < answer.size(); ++i) canvas.reveal(int(prompt.size() + i), answer[i]);
  return canvas;
}

}  // namespace

void LikelihoodOptions::validate() const {
  if (samples < 1) fail("at least 1 sample, got " + std::to_string(samples));
  if (batch < 1) fail("a batch of at least 1, got " + std::to_string(batch));
  if (!(guidance_scale >= 0) || !std::isfinite(guidance_scale)) fail("a guidance scale >= 0");
}

std::vector<int> stratified_counts(int first, int length, int batch) {
  std::vector<int> counts;
  for (int r = 0; r < batch; ++r) {
    // nearbyint rounds halves to even, as the original does.
    const auto place = std::int64_t(std::nearbyint(double(first) + double(r) * double(length) / double(batch)));
    counts.push_back(int((place - 1) % length) + 1);
  }
  return counts;
}

double batch_loss(Denoiser& denoiser, std::span<const std::int32_t> prompt, std::span<const std::int32_t> answer,
                  const LikelihoodBatch& batch, float guidance_scale) {
  const fusion::TokenSpace& space = denoiser.family().tokens();
  const auto length = answer.size();
  if (length == 0) fail("an answer of at least 1 token");
  if (batch.masked.empty() || batch.masked.size() != batch.order.size()) fail("an order for each row of a batch");
  std::vector<Canvas> canvases;
  for (std::size_t r = 0; r < batch.masked.size(); ++r) {
    if (batch.order[r].size() != length || batch.masked[r] < 1 || std::size_t(batch.masked[r]) > length) {
      fail("from 1 to " + std::to_string(length) + " masked positions in an order of all");
    }
    std::vector<std::int32_t> noisy(answer.begin(), answer.end());
    for (int i = 0; i < batch.masked[r]; ++i) noisy.at(std::size_t(batch.order[r][std::size_t(i)])) = space.mask;
    canvases.push_back(canvas_of(space, prompt, noisy));
  }
  std::vector<DenoiseRequest> requests;
  for (const Canvas& canvas : canvases) requests.push_back({&canvas});
  double loss = 0;
  denoiser.visit_logits(requests, guided(guidance_scale), [&](const LogitRow& row) {
    const auto at = std::size_t(row.position) - prompt.size();
    const double ratio = double(batch.masked[row.request]) / double(length);
    loss += negative_log_softmax(row.guided(), answer[at] - space.text.begin) / ratio;
  });
  return loss / double(batch.masked.size());
}

double log_likelihood(Denoiser& denoiser, std::span<const std::int32_t> prompt,
                      std::span<const std::int32_t> answer, const LikelihoodOptions& options) {
  options.validate();
  const int length = int(answer.size());
  if (length == 0) fail("an answer of at least 1 token");
  const int repeats = (options.samples + options.batch - 1) / options.batch;
  double sum = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto uniform = [&](std::uint32_t what) {
      return graph::uniform_at(options.seed, graph::RandomStream::masking, std::uint32_t(repeat), what);
    };
    const int first = 1 + std::min(length - 1, int(uniform(0) * length));
    LikelihoodBatch batch{stratified_counts(first, length, options.batch), {}};
    for (int r = 0; r < options.batch; ++r) {
      std::vector<int> order;
      order.resize(std::size_t(length));
      std::iota(order.begin(), order.end(), 0);
      for (int i = length - 1; i > 0; --i) {
        const auto draw = uniform(1 + std::uint32_t(r) * std::uint32_t(length) + std::uint32_t(i));
        std::swap(order[std::size_t(i)], order[std::size_t(std::min(i, int(draw * (i + 1))))]);
      }
      batch.order.push_back(std::move(order));
    }
    sum -= batch_loss(denoiser, prompt, answer, batch, options.guidance_scale);
  }
  return sum / repeats;
}

std::vector<std::int32_t> greedy_answer(Denoiser& denoiser, std::span<const std::int32_t> prompt, int length,
                                        std::vector<std::vector<std::int32_t>>* passes, float guidance_scale) {
  if (length < 1) fail("an answer of at least 1 token");
  const fusion::TokenSpace& space = denoiser.family().tokens();
  Canvas canvas = canvas_of(space, prompt, std::vector<std::int32_t>(std::size_t(length), space.mask));
  const Draws draws = guided(guidance_scale);
  for (int pass = 0; pass < length && canvas.masked_count() > 0; ++pass) {
    if (passes) passes->emplace_back(canvas.ids().begin(), canvas.ids().end());
    const DenoiseRequest request{&canvas};
    const auto proposals = denoiser.propose({&request, 1}, draws, std::uint32_t(pass)).front();
    const auto best = std::ranges::max_element(proposals, {}, &samplers::PositionProposal::log_prob);
    canvas.reveal(best->position, best->token);
  }
  const auto answer = canvas.ids(Modality::text);
  return {answer.begin(), answer.end()};
}

}  // namespace lacuna::generation
