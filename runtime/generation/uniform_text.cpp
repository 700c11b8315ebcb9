#include "runtime/generation/uniform_text.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "runtime/generation/uniform_noise.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using fusion::NetworkOutput;

void check(const LoopOptions& options, NetworkOutput output) {
  const DrawOptions& draw = options.draws.text;
  const auto require = [](bool ok, const char* rule) {
    if (!ok) throw std::invalid_argument(std::string("[uniform_noise] expected ") + rule + ": this model undoes uniform noise");
  };
  require(draw.guidance_scale == 1.0f, "no guidance");
  require(draw.top_k == 0 && draw.top_p == 1.0f, "neither top-k nor top-p");
  require(options.banned.empty(), "no banned words");
  require(output == NetworkOutput::clean_token || draw.temperature == 1.0f, "temperature 1, for its outputs are scores");
}

/// softmax(logits / temperature) at the end of `to`; 0 = all on the first of the largest.
void append_distribution(std::span<const float> logits, double temperature, std::vector<double>& to) {
  const auto peak = std::ranges::max_element(logits);
  const std::size_t first = to.size();
  double sum = 0;
  for (const float x : logits) {
    const double p = temperature > 0 ? std::exp((double(x) - double(*peak)) / temperature) : 0.0;
    to.push_back(p);
    sum += p;
  }
  if (temperature > 0) {
    for (std::size_t i = first; i < to.size(); ++i) to[i] /= sum;
  } else {
    to[first + std::size_t(peak - logits.begin())] = 1.0;
  }
}

/// The canvas' ids with these classes at the positions, which are masked.
std::vector<std::int32_t> with_classes(const Canvas& canvas, std::span<const int> positions, std::int32_t first_id,
                                       std::span<const std::int32_t> classes) {
  std::vector<std::int32_t> ids(canvas.ids().begin(), canvas.ids().end());
  for (std::size_t l = 0; l < positions.size(); ++l) ids[std::size_t(positions[l])] = first_id + classes[l];
  return ids;
}

void reveal(Canvas& canvas, std::span<const int> positions, std::int32_t first_id, std::span<const std::int32_t> classes) {
  for (std::size_t l = 0; l < positions.size(); ++l) canvas.reveal(positions[l], first_id + classes[l]);
}

}  // namespace

LoopResult undo_noise(Denoiser& denoiser, std::span<Canvas> canvases, std::span<const std::uint64_t> seeds,
                      const LoopOptions& options, const StepCallback& after_step) {
  options.validate();
  const fusion::ModelFamily& family = denoiser.family();
  check(options, family.output());
  if (canvases.size() != seeds.size()) {
    throw std::invalid_argument("[uniform_noise] expected one seed for each of " + std::to_string(canvases.size()) +
                                " canvases, got " + std::to_string(seeds.size()));
  }
  const fusion::IdRange& range = family.tokens().text;
  LoopResult result;
  std::vector<Canvas> shown(canvases.begin(), canvases.end());
  for (std::size_t c = 0; c < canvases.size(); ++c) {
    const Canvas noisy_canvas = canvases[c];
    const std::vector<int> positions = noisy_canvas.masked_positions(Modality::text);
    if (!noisy_canvas.masked_positions(Modality::image).empty()) {
      throw std::invalid_argument("[uniform_noise] expected words alone to be drawn");
    }
    result.log_probs.push_back(0);
    result.calls.push_back(0);
    if (positions.empty() || result.outcome == Outcome::cancelled) continue;
    UniformOptions uniform{range.size, int(positions.size()), options.steps, options.text_schedule, family.output()};
    const auto network = [&](std::span<const std::vector<std::int32_t>> noisy, double time) {
      const auto ids = with_classes(noisy_canvas, positions, range.begin, noisy.front());
      const NoisyText text{&noisy_canvas, ids};
      std::vector<double> rows;
      rows.reserve(positions.size() * std::size_t(range.size));
      denoiser.visit_noisy({&text, 1}, uniform.schedule.mask_rate(time), [&](const LogitRow& row) {
        if (family.output() == NetworkOutput::log_score) {
          rows.insert(rows.end(), row.conditional.begin(), row.conditional.end());
        } else {
          append_distribution(row.conditional, double(options.draws.text.temperature), rows);
        }
      });
      ++result.calls.back();
      return rows;
    };
    const auto step_done = [&](const UniformStep& step) {
      result.log_probs.back() = step.log_probs.front();
      if (!after_step) return Continue::yes;
      shown[c] = noisy_canvas;
      reveal(shown[c], positions, range.begin, step.sequences.front());
      const Continue answer = after_step({step.step, options.steps, 0, shown});
      if (answer == Continue::no) result.outcome = Outcome::cancelled;
      return answer;
    };
    const std::vector<std::int32_t> free(positions.size(), -1);
    const auto sequences = undo_uniform_noise(network, uniform, free, seeds.subspan(c, 1), step_done);
    reveal(canvases[c], positions, range.begin, sequences.front());
  }
  return result;
}

}  // namespace lacuna::generation
