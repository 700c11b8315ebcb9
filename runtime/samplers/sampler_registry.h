#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "runtime/samplers/sampler.h"

namespace lacuna::samplers {

/// What samplers can be told; a sampler ignores what it does not know.
struct SamplerOptions {
  double randomness = 0.0;  // confidence: scale of the annealed Gumbel noise; 0 = none
};

struct SamplerEntry {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Sampler> (*make)(const SamplerOptions&);
};

std::unique_ptr<Sampler> make_confidence_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_entropy_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_margin_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_random_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_halton_sampler(const SamplerOptions& options);

/// Every sampler, one row each.
std::span<const SamplerEntry> sampler_registry();

/// Throws std::invalid_argument listing the names when there is none called `name`, or when options are out of
/// range.
std::unique_ptr<Sampler> make_sampler(std::string_view name, const SamplerOptions& options = {});

}  // namespace lacuna::samplers
