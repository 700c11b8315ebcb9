#include "runtime/laboratory/sampler_settings.h"

#include <algorithm>

#include "runtime/laboratory/show.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::laboratory {
namespace {

using fusion::Modality;
using generation::JobOptions;

/// Samplers whose calls an option decides about, not the steps. Captions of the shipped model are sure of nearly every
/// word and codes of no one, so that the same values would give one call here and as many as there are codes there.
struct OwnCalls {
  const char* sampler;
  const char* option;
  std::vector<double> for_captions, for_pictures;
};

const std::vector<OwnCalls>& own_calls() {
  static const std::vector<OwnCalls> list{{"entropy-bounded", "gamma", {0.1, 1}, {6, 15}},
                                          {"threshold", "threshold", {0.9, 0.6}, {0.4, 0.25}},
                                          {"factor", "factor", {1, 2}, {4, 10}},
                                          {"klass", "threshold", {0.9, 0.6}, {0.5, 0.3}}};
  return list;
}

/// What a sampler cannot do without at these steps.
void give_own_options(JobOptions& job, const std::string& sampler, int steps, const SettingChoice& choice, Modality drawn) {
  if (sampler != "semi-autoregressive" || drawn == Modality::text) return;
  // Two steps a block; blocks of eight codes would need 32 steps.
  job.sampler_options.values["block"] = std::max(1, choice.image_length * 2 / std::max(2, steps));
}

}  // namespace

std::string SamplerSetting::name() const {
  std::string name = job.sampler;
  if (!option.empty()) return name + " " + option;
  if (job.randomness > 0) name += show(" (noise %g)", job.randomness);
  return is_default ? name + " = default" : name;
}

std::vector<SamplerSetting> settings_of(Modality drawn, const SettingChoice& choice) {
  const JobOptions usual = drawn == Modality::text ? generation::caption_defaults() : generation::generate_defaults();
  for (const std::string& name : choice.samplers) samplers::find_sampler(name);
  std::vector<SamplerSetting> settings{{drawn, usual, true, {}}};
  const auto add = [&](JobOptions job, const std::string& option) { settings.push_back({drawn, std::move(job), false, option}); };
  for (const auto& entry : samplers::sampler_registry()) {
    const std::string name(entry.name);
    if (!choice.samplers.empty() && std::ranges::find(choice.samplers, name) == choice.samplers.end()) continue;
    JobOptions job = usual;
    job.sampler = name;
    const bool noisy = samplers::has_option(entry, "randomness");
    job.randomness = noisy ? usual.randomness : 0;
    const auto own = std::ranges::find(own_calls(), name, &OwnCalls::sampler);
    if (own != own_calls().end()) {
      for (const double value : drawn == Modality::text ? own->for_captions : own->for_pictures) {
        job.sampler_options.values[own->option] = value;
        // What has settled for one look is enough where there are few looks.
        if (name == "klass" && drawn == Modality::image) job.sampler_options.values = {{own->option, value}, {"kl", 1}, {"history", 1}};
        add(job, show("%s=%g", own->option, value));
      }
      continue;
    }
    if (name == "first-hitting") {
      add(job, "one a call");
      continue;
    }
    for (const int steps : drawn == Modality::text ? choice.caption_steps : choice.picture_steps) {
      job.steps = steps;
      give_own_options(job, name, steps, choice, drawn);
      if (name != usual.sampler || steps != usual.steps) add(job, {});
    }
  }
  if (usual.randomness > 0) {
    JobOptions sure = usual;
    sure.randomness = 0;
    add(sure, {});
  }
  return settings;
}

}  // namespace lacuna::laboratory
