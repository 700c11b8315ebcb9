#include "runtime/generation/job_options.h"

#include "runtime/samplers/sampler_registry.h"

namespace lacuna::generation {

void JobOptions::validate() const {
  loop().validate();
  samplers::make_sampler(sampler, {randomness});
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
  options.image_schedule = fusion::NoiseSchedule(fusion::ScheduleKind::arccos);
  options.draws.image.guidance_scale = 3.0f;
  return options;
}

JobOptions infill_defaults() {
  JobOptions options = generate_defaults();
  options.draws.text.temperature = 0.0f;
  return options;
}

}  // namespace lacuna::generation
