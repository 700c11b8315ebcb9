#include "runtime/laboratory/planted_source.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "fusion/statistics.h"
#include "runtime/generation/host_proposal.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::laboratory {
namespace {

constexpr std::uint64_t kSeedsApart = 10'000'000;  // more than there are sequences in a run

}  // namespace

using fusion::Canvas;
using fusion::Modality;

PlantedSource::PlantedSource(const PlantedChain& chain, int grid_width) : chain_(chain), grid_width_(grid_width) {
  if (grid_width < 1 || chain.length() % grid_width != 0) {
    throw std::invalid_argument("[planted_source] expected a grid width that divides " +
                                std::to_string(chain.length()) + ", got " + std::to_string(grid_width));
  }
  const int k = chain.states();
  space_.image = {0, k};
  space_.text = {k, 2};
  space_.end_of_text = k;
  space_.mask = k + 2;
  space_.begin_image = k + 3;
  space_.end_image = k + 4;
  space_.size = k + 5;
  space_.validate();
}

Canvas PlantedSource::canvas() const { return canvas(std::vector<int>(std::size_t(chain_.length()), -1)); }

Canvas PlantedSource::canvas(std::span<const int> given) const {
  std::vector<std::int32_t> ids;
  for (int state : given) ids.push_back(state < 0 ? space_.mask : state);
  Canvas canvas;
  canvas.append_span(space_, Modality::image, ids, chain_.length() / grid_width_, grid_width_);
  return canvas;
}

std::vector<int> PlantedSource::states_of(const Canvas& canvas) const {
  std::vector<int> states;
  for (std::int32_t id : canvas.ids()) states.push_back(id == space_.mask ? -1 : id);
  return states;
}

std::vector<std::vector<samplers::PositionProposal>> PlantedSource::propose(
    std::span<const generation::DenoiseRequest> requests, const generation::Draws& draws, std::uint32_t step) {
  ++passes_;
  requests_ += std::int64_t(requests.size());
  std::vector<std::vector<samplers::PositionProposal>> proposals(requests.size());
  std::vector<double> row(static_cast<std::size_t>(chain_.states()));
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const generation::DenoiseRequest& request = requests[r];
    const std::vector<int> states = states_of(*request.canvas);
    const std::vector<int> all = request.canvas->masked_positions(Modality::image);
    const std::span<const int> wanted = request.positions.empty() ? std::span<const int>(all) : request.positions;
    for (int p : wanted) {
      chain_.posterior(states, p, row);
      for (std::int32_t id : request.banned) {
        if (id >= 0 && id < chain_.states()) row[std::size_t(id)] = 0;
      }
      const double total = std::accumulate(row.begin(), row.end(), 0.0);
      std::vector<float> distribution;
      for (double p_k : row) distribution.push_back(float(p_k / total));
      proposals[r].push_back(generation::host_proposal(
          p, Modality::image, space_.image, std::move(distribution), draws.image, request.seed, step,
          request.distributions ? generation::Keep::distribution : generation::Keep::numbers));
    }
  }
  return proposals;
}

ChainRun summarise(const PlantedChain& chain, std::span<const std::vector<int>> sequences, std::span<const int> calls) {
  std::vector<double> losses, entropies;
  for (const auto& sequence : sequences) {
    losses.push_back(chain.negative_log_likelihood(sequence) / chain.length());
    entropies.push_back(fusion::unigram_entropy(sequence));
  }
  const auto [loss, loss_error] = fusion::mean_error(losses);
  const auto [entropy, entropy_error] = fusion::mean_error(entropies);
  ChainRun run{std::exp(loss), std::exp(loss) * loss_error, entropy, entropy_error, 0, int(sequences.size())};
  if (!calls.empty()) run.calls = double(std::accumulate(calls.begin(), calls.end(), 0LL)) / double(calls.size());
  return run;
}

std::vector<std::vector<int>> sample_sequences(PlantedSource& source, const samplers::Sampler& sampler, int steps,
                                               int count, std::uint64_t seed, std::vector<int>& calls) {
  std::vector<Canvas> canvases(std::size_t(count), source.canvas());
  std::vector<std::uint64_t> seeds(canvases.size());
  std::iota(seeds.begin(), seeds.end(), (seed - 1) * kSeedsApart + 1);
  generation::LoopOptions options;
  options.steps = steps;
  options.text_schedule = options.image_schedule = fusion::NoiseSchedule(fusion::ScheduleKind::linear);
  calls = generation::denoise(source, sampler, canvases, seeds, options).calls;
  std::vector<std::vector<int>> sequences;
  for (const Canvas& canvas : canvases) sequences.push_back(source.states_of(canvas));
  return sequences;
}

ChainRun sample_chain(PlantedSource& source, const PlantedChain& chain, const std::string& sampler,
                      const samplers::SamplerOptions& options, int steps, int count, std::uint64_t seed) {
  const auto made = samplers::make_sampler(sampler, options);
  std::vector<int> calls;
  const auto sequences = sample_sequences(source, *made, steps, count, seed, calls);
  return summarise(chain, sequences, calls);
}

}  // namespace lacuna::laboratory
