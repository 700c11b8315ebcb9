#include "runtime/samplers/sampler_registry.h"

#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lacuna::samplers {
namespace {

constexpr std::array kSamplers{
    SamplerEntry{"confidence", "most probable tokens first, with annealed noise (MaskGIT, LLaDA)",
                 make_confidence_sampler},
    SamplerEntry{"entropy", "positions with the least entropy first (Dream)", make_entropy_sampler},
    SamplerEntry{"margin", "positions with the clearest winner first (Dream)", make_margin_sampler},
    SamplerEntry{"random", "positions in random order (first-hitting)", make_random_sampler},
    SamplerEntry{"halton", "image codes in a low-discrepancy order (Halton-MaskGIT)", make_halton_sampler},
};

}  // namespace

std::span<const SamplerEntry> sampler_registry() { return kSamplers; }

std::unique_ptr<Sampler> make_sampler(std::string_view name, const SamplerOptions& options) {
  if (!(options.randomness >= 0) || !std::isfinite(options.randomness)) {
    throw std::invalid_argument("[sampler] expected a randomness >= 0, got " +
                                std::to_string(options.randomness));
  }
  std::string known;
  for (const SamplerEntry& entry : kSamplers) {
    if (entry.name == name) return entry.make(options);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw std::invalid_argument("[sampler] expected one of: " + known + "; got \"" + std::string(name) + "\"");
}

}  // namespace lacuna::samplers
