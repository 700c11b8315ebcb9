#include "runtime/generation/job_options.h"

#include "runtime/samplers/sampler_registry.h"

namespace lacuna::generation {

void JobOptions::validate() const {
  loop().validate();
  make_sampler();
}

std::unique_ptr<samplers::Sampler> JobOptions::make_sampler() const {
  samplers::SamplerOptions options = sampler_options;
  const bool noisy = samplers::has_option(samplers::find_sampler(sampler), "randomness");
  if (noisy) options.values.try_emplace("randomness", randomness);
  return samplers::make_sampler(sampler, options);
}

JobOptions caption_defaults() {
  JobOptions options;
  options.steps = 24;
  options.draws.text.temperature = 0.0f;
  return options;
}

JobOptions generate_defaults() {
  JobOptions options;
  options.steps = 12;
  options.randomness = 3.0;
  options.image_schedule = fusion::NoiseSchedule(fusion::ScheduleKind::arcsin);
  options.draws.image.guidance_scale = 3.0f;
  return options;
}

JobOptions infill_defaults() {
  // What stands beside the gap says more than the prompt: guidance and noise move the filling away from it. On the shipped
  // model the error of a redrawn half fell from 0.140 to 0.119 with these.
  JobOptions options = generate_defaults();
  options.randomness = 0.0;
  options.draws.image.guidance_scale = 1.0f;
  options.draws.image.temperature = 0.5f;
  options.draws.text.temperature = 0.0f;
  return options;
}

}  // namespace lacuna::generation
