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
  JobOptions options = generate_defaults();
  options.draws.text.temperature = 0.0f;
  return options;
}

}  // namespace lacuna::generation
