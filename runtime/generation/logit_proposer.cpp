#include "runtime/generation/logit_proposer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fusion/graph/philox.h"
#include "runtime/generation/host_proposal.h"
#include "runtime/samplers/token_draw.h"

namespace lacuna::generation {
namespace {

using samplers::PositionProposal;

double uniform_of(const DenoiseRequest& request, std::uint32_t step, int position) {
  return graph::uniform_at(request.seed, graph::RandomStream::token, step, std::uint32_t(position));
}

/// Classes from the most probable to the least, the first of equals first.
std::vector<std::size_t> ranking(std::span<const float> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
  return order;
}

void keep_first(std::vector<float>& p, std::span<const std::size_t> order, std::size_t count) {
  for (std::size_t i = count; i < order.size(); ++i) p[order[i]] = 0;
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (float& x : p) x = float(x / sum);
}

/// softmax(logits / temperature) after top-p (the token that crosses is kept), then top-k, in Dream's order;
/// temperature 0 counts as 1, as there.
std::vector<float> filtered(std::span<const float> logits, const DrawOptions& draw,
                            std::span<const std::int32_t> banned) {
  std::vector<float> scaled(logits.begin(), logits.end());
  if (draw.temperature > 0) {
    for (float& x : scaled) x /= draw.temperature;
  }
  std::vector<float> p = distribution_of(scaled, {}, 1.0f, banned);
  if (p.empty() || (draw.top_k == 0 && draw.top_p == 1.0f)) return p;
  const auto order = ranking(p);
  if (draw.top_p < 1.0f) {
    double sum = 0;
    std::size_t count = 0;
    while (count < order.size() && sum <= double(draw.top_p)) sum += p[order[count++]];
    keep_first(p, order, count);
  }
  if (draw.top_k > 0) keep_first(p, order, std::min(order.size(), std::size_t(draw.top_k)));
  return p;
}

float top_margin(std::span<const float> p) {
  float first = 0, second = 0;
  for (float x : p) {
    if (x > first) {
      second = first;
      first = x;
    } else {
      second = std::max(second, x);
    }
  }
  return first - second;
}

float entropy_of(std::span<const float> p) {
  double sum = 0;
  for (double x : p) sum -= x > 0 ? x * std::log(x) : 0.0;
  return float(sum);
}

PositionProposal proposal(const LogitRow& row, int token, std::span<const float> p) {
  return {row.position, row.modality, token, std::log(p[std::size_t(token)]), top_margin(p), entropy_of(p)};
}

}  // namespace

std::vector<std::vector<PositionProposal>> LogitProposer::propose(std::span<const DenoiseRequest> requests,
                                                                  const Draws& draws, std::uint32_t step) {
  std::vector<std::vector<PositionProposal>> proposals(requests.size());
  denoiser_.visit_logits(requests, draws, [&](const LogitRow& row) {
    proposals[row.request].push_back(rule_(row, requests[row.request], draws.of(row.modality), step));
  });
  for (auto& list : proposals) std::ranges::sort(list, {}, &PositionProposal::position);
  return proposals;
}

RowRule llada_late_ends(std::int32_t end_of_text, std::int32_t end_of_turn, samplers::Fidelity fidelity) {
  return [=](const LogitRow& row, const DenoiseRequest& request, const DrawOptions& draw, std::uint32_t step) {
    const std::vector<float> logits = row.guided();
    const std::vector<std::int32_t> banned(request.banned.begin(), request.banned.end());
    const auto all = distribution_of(logits, {}, 1.0f, banned);
    const int token = samplers::draw_class(all, draw, uniform_of(request, step, row.position));
    std::vector<std::int32_t> late = banned;
    if (end_of_turn >= 0) late.push_back(end_of_turn);
    if (fidelity == samplers::Fidelity::corrected || draw.temperature == 0) late.push_back(end_of_text);
    return proposal(row, token, distribution_of(logits, {}, 1.0f, late));
  };
}

RowRule dream_row(const fusion::TokenSpace& tokens) {
  return [range = tokens.text](const LogitRow& row, const DenoiseRequest& request, const DrawOptions& draw,
                               std::uint32_t step) {
    std::vector<std::int32_t> banned;
    for (std::int32_t id : request.banned) banned.push_back(id - range.begin);
    const auto p = filtered(row.guided(), draw, banned);
    DrawOptions plain;
    plain.temperature = draw.temperature > 0 ? 1.0f : 0.0f;
    const int token = samplers::draw_class(p, plain, uniform_of(request, step, row.position));
    PositionProposal result = proposal(row, token, p);
    result.token += range.begin;
    return result;
  };
}

}  // namespace lacuna::generation
