#include "runtime/samplers/sampler_registry.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace lacuna::samplers {
namespace {

constexpr std::array kCommon{
    OptionSpec{"block", 0, 0, 1e6, "length of blocks that are filled one after another; 0 = none", true}};
constexpr std::array kRandomness{
    OptionSpec{"randomness", 0, 0, 1000, "scale of the Gumbel noise on the order, falling to 0"}};
constexpr std::array kTempered{
    OptionSpec{"randomness", 1, 0, 1000, "scale of the Gumbel noise on the order, falling to 0"},
    OptionSpec{"cooling", 0, 0, 2, "0 linear, 1 compounding as the original, 2 none", true},
    OptionSpec{"counted", 0, 0, 1, "the schedule counts 0 all codes of the picture, 1 those to be drawn", true}};
constexpr std::array kOrderTemperature{
    OptionSpec{"alg-temp", 0, 0, 1000, "temperature of the order; 0 = strict"}};
constexpr std::array kEta{OptionSpec{"eta", 0.008, 0, 1, "largest probability of masking a token again in a step"}};
constexpr std::array kEtaRescale{OptionSpec{"eta", 0.015, 0, 1, "share of the largest probability of masking again"}};
constexpr std::array kLoop{OptionSpec{"eta", 0.02, 0, 1, "probability of masking a token again in a step of the loop"},
                           OptionSpec{"t-on", 0.55, 0, 1, "time at which the loop starts (1 = all masked)"},
                           OptionSpec{"t-off", 0.05, 0, 1, "time at which it ends"},
                           OptionSpec{"alpha-on", 0.9, 0.01, 0.999, "share that is revealed during the loop"}};
constexpr std::array kGamma{OptionSpec{"gamma", 0.1, 0, 1000, "bound on the joint entropy of a step, nats"}};
constexpr std::array kThreshold{OptionSpec{"threshold", 0.9, 0, 1, "probability from which a token is kept"}};
constexpr std::array kFactor{OptionSpec{"factor", 1, 0, 1000, "f: the n-th token is kept from 1 - f / (n + 1)"}};
constexpr std::array kKlass{OptionSpec{"threshold", 0.9, 0, 1, "probability from which a token is kept"},
                            OptionSpec{"kl", 0.01, 0, 1000, "largest change of its distribution, nats"},
                            OptionSpec{"history", 2, 1, 1000, "for how many steps", true}};
constexpr std::array kLocality{OptionSpec{"repulsion", 2, 0, 1000, "least distance of codes of one step, cells"}};
constexpr std::array kBlock{OptionSpec{"block", 8, 1, 1e6, "length of a block", true}};

constexpr std::array kSamplers{
    SamplerEntry{"confidence", "most probable tokens first, with annealed noise (MaskGIT)", make_confidence_sampler,
                 kRandomness},
    SamplerEntry{"entropy", "positions with the least entropy first", make_entropy_sampler},
    SamplerEntry{"margin", "positions with the clearest winner first", make_margin_sampler},
    SamplerEntry{"random", "random positions, as many a step as scheduled (parallel first-hitting)",
                 make_random_sampler},
    SamplerEntry{"halton", "image codes in a low-discrepancy order (Halton-MaskGIT)", make_halton_sampler},
    SamplerEntry{"ancestral", "each token at its own time of the noise process (MDLM)", make_ancestral_sampler},
    SamplerEntry{"first-hitting", "one token a call in random order, exact", make_first_hitting_sampler},
    SamplerEntry{"first-hitting-2", "parallel first-hitting, extrapolated to each token's time",
                 make_second_order_sampler},
    SamplerEntry{"left-to-right", "in reading order: the autoregressive control", make_left_to_right_sampler},
    SamplerEntry{"locality", "image codes near known ones and far from each other", make_locality_sampler, kLocality},
    SamplerEntry{"mask-predict", "everything at once, then the least probable again", make_mask_predict_sampler},
    SamplerEntry{"llada", "most probable first, evenly many a step (LLaDA)", make_llada_sampler},
    SamplerEntry{"tempered", "most probable codes with noise on the order (MMaDA, Show-o, Lumina-DiMOO)", make_tempered_sampler,
                 kTempered},
    SamplerEntry{"dream-origin", "random positions in linear time (Dream)", make_dream_origin_sampler},
    SamplerEntry{"dream-maskgit-plus", "most probable first in linear time (Dream)", make_dream_probability_sampler,
                 kOrderTemperature},
    SamplerEntry{"dream-topk-margin", "clearest winner first in linear time (Dream)", make_dream_margin_sampler,
                 kOrderTemperature},
    SamplerEntry{"dream-entropy", "least entropy first in linear time (Dream)", make_dream_entropy_sampler,
                 kOrderTemperature},
    SamplerEntry{"remdm-cap", "ancestral; tokens are masked again, at most eta a step (ReMDM)", make_remdm_cap_sampler,
                 kEta},
    SamplerEntry{"remdm-rescale", "ancestral; masked again with a share of what is allowed (ReMDM)",
                 make_remdm_rescale_sampler, kEtaRescale},
    SamplerEntry{"remdm-conf", "ancestral; the least sure tokens are masked again (ReMDM)", make_remdm_conf_sampler},
    SamplerEntry{"remdm-loop", "ancestral; a stretch of the time only corrects (ReMDM)", make_remdm_loop_sampler,
                 kLoop},
    SamplerEntry{"entropy-bounded", "as many as a bound on their joint entropy allows (EB)",
                 make_entropy_bounded_sampler, kGamma},
    SamplerEntry{"threshold", "every token above a probability (Fast-dLLM)", make_threshold_sampler, kThreshold},
    SamplerEntry{"factor", "as many as their probabilities together allow (Fast-dLLM)", make_factor_sampler, kFactor},
    SamplerEntry{"klass", "sure tokens whose distribution has settled (KLASS)", make_klass_sampler, kKlass},
    SamplerEntry{"semi-autoregressive", "blocks one after another, confidence inside (block diffusion)",
                 make_block_sampler, kBlock},
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

const OptionSpec* find_option(const SamplerEntry& entry, std::string_view name) {
  for (const auto list : {entry.options, common_sampler_options()}) {
    for (const OptionSpec& spec : list) {
      if (spec.name == name) return &spec;
    }
  }
  return nullptr;
}

std::string option_names(const SamplerEntry& entry) {
  std::string names;
  for (const OptionSpec& spec : entry.options) names += std::string(spec.name) + ", ";
  // A row may have a common option with a value of its own.
  for (const OptionSpec& spec : kCommon) {
    if (find_option(entry, spec.name) == &spec) names += std::string(spec.name) + ", ";
  }
  return names.substr(0, names.size() - 2);
}

void check(const SamplerEntry& entry, const std::string& name, double value) {
  const OptionSpec* spec = find_option(entry, name);
  if (spec == nullptr) {
    throw std::invalid_argument("[sampler] expected an option of the sampler " + std::string(entry.name) + " (" +
                                option_names(entry) + "), got \"" + name + "\"");
  }
  const bool fits = value >= spec->least && value <= spec->most && (!spec->whole || value == std::floor(value));
  if (!fits) {
    throw std::invalid_argument("[sampler] expected the option " + name + " of " + std::string(entry.name) + " to be " +
                                (spec->whole ? "an integer" : "a number") + " from " + number(spec->least) + " to " +
                                number(spec->most) + ", got " + number(value));
  }
}

}  // namespace

std::span<const SamplerEntry> sampler_registry() { return kSamplers; }

std::span<const OptionSpec> common_sampler_options() { return kCommon; }

const SamplerEntry& find_sampler(std::string_view name) {
  std::string known;
  for (const SamplerEntry& entry : kSamplers) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw std::invalid_argument("[sampler] expected one of: " + known + "; got \"" + std::string(name) + "\"");
}

bool has_option(const SamplerEntry& entry, std::string_view option) { return find_option(entry, option) != nullptr; }

std::unique_ptr<Sampler> make_sampler(std::string_view name, const SamplerOptions& options) {
  const SamplerEntry& entry = find_sampler(name);
  for (const auto& [option, value] : options.values) check(entry, option, value);
  SamplerOptions complete = options;
  for (const OptionSpec& spec : entry.options) complete.values.try_emplace(std::string(spec.name), spec.otherwise);
  auto sampler = entry.make(complete);
  const int block = int(complete.at("block"));
  return block > 0 ? in_blocks(std::move(sampler), block) : std::move(sampler);
}

}  // namespace lacuna::samplers
