#include "tools/lacuna/automatic_device.h"

#include <chrono>
#include <cstdio>

#include "fusion/models/all_masked.h"
#include "tools/lacuna/memory_report.h"

namespace lacuna::tools {
namespace {

constexpr std::int64_t kLargest = 1'000'000'000;  // weights that a trial is worth for

std::int64_t weights_of(const fusion::ModelFamily& family) {
  std::int64_t count = 0;
  const fusion::DenoiserShape smallest{{1}, {1, false}, {}, fusion::DenoiserHead::proposals};
  for (const auto& weight : family.build(smallest).weights()) count += weight.shape.elements();
  return count;
}

bool has_room(const OpenedModel& opened, const LogFlags& log) {
  const MemoryNeed need = memory_needed(opened.model(), *opened.executor, {1, true});
  if (!need.too_much()) return true;
  log.detail("auto: " + opened.executor->name() + " has too little memory: " + need.line());
  return false;
}

}  // namespace

std::size_t fastest(std::span<const MeasuredDevice> devices) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < devices.size(); ++i) {
    if (!devices[i].seconds) continue;
    const double margin = best == 0 ? 0.9 : 1.0;
    if (!devices[best].seconds || *devices[i].seconds < margin * *devices[best].seconds) best = i;
  }
  return best;
}

double seconds_of_a_step(OpenedModel& opened) {
  generation::Model& model = opened.pipeline->model();
  const fusion::Canvas canvas = fusion::all_masked(*model.family);
  const std::vector<generation::DenoiseRequest> requests{{&canvas, 1}};
  double seconds = 0.0;
  for (int run = 0; run < 2; ++run) {
    const auto start = std::chrono::steady_clock::now();
    model.denoiser->propose(requests, {}, 0);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return seconds;
}

OpenedModel open_on_the_fastest(const std::vector<std::string>& devices, const ModelFlags& flags, const LogFlags& log,
                                samplers::Fidelity fidelity) {
  std::vector<MeasuredDevice> measured;
  std::vector<OpenedModel> opened;
  for (const std::string& device : devices) {
    measured.push_back({device, std::nullopt});
    opened.emplace_back();
    try {
      opened.back() = open_model_on(device, flags, log, fidelity);
      if (measured.size() > 1 && !has_room(opened.back(), log)) continue;
      if (weights_of(*opened.back().model().family) > kLargest) {
        if (measured.size() == 1) continue;
        log.detail("auto: " + device + ", the first GPU with room for so large a model");
        return std::move(opened.back());
      }
      measured.back().seconds = seconds_of_a_step(opened.back());
      char line[48];
      std::snprintf(line, sizeof line, ": %.2f ms a step", 1000.0 * *measured.back().seconds);
      log.detail("auto: " + device + line);
    } catch (const graph::DeviceError& error) {
      log.warn("--device auto: " + device + " is left out: " + error.what());
    }
  }
  const std::size_t best = fastest(measured);
  log.detail("auto: " + measured[best].device);
  if (!opened[best].pipeline) return open_model_on("cpu", flags, log, fidelity);
  return std::move(opened[best]);
}

}  // namespace lacuna::tools
