#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/generation/denoise_loop.h"
#include "runtime/generation/text_constraints.h"
#include "runtime/samplers/sampler_options.h"
#include "runtime/samplers/text_blocks.h"

namespace lacuna::generation {

/// How a job samples; every job starts from its own defaults below.
struct JobOptions {
  int steps = 12;
  std::string sampler = "confidence";  // a name of the sampler registry
  double randomness = 0.0;             // the option of this name, for samplers that have it
  samplers::SamplerOptions sampler_options;
  fusion::NoiseSchedule text_schedule{fusion::ScheduleKind::linear};
  fusion::NoiseSchedule image_schedule{fusion::ScheduleKind::cosine};
  Draws draws;
  std::uint64_t seed = 0;
  TextConstraints constraints;  // of captions and of the text of an infill
  /// Of models that answer: what they are asked about a picture (empty = to describe it), and the room for an answer.
  std::string question;
  int answer_length = 128;
  /// Original: the samplers llada and tempered as they were released, faults included (--compat).
  samplers::Fidelity fidelity = samplers::Fidelity::corrected;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
  LoopOptions loop() const {
    return {steps, text_schedule, image_schedule, draws, {},
            fidelity == samplers::Fidelity::original ? Leftover::kept : Leftover::filled};
  }
  /// Throws std::invalid_argument naming the samplers or options there are.
  std::unique_ptr<samplers::Sampler> make_sampler() const;
};

/// Greedy, one or two words a step.
JobOptions caption_defaults();
/// Sampled and guided.
JobOptions generate_defaults();
/// As generate, with text at temperature 0 where it is filled beside a picture.
JobOptions infill_defaults();
/// Text after a prompt: greedy, LLaDA's order.
JobOptions write_defaults();

/// What the family's own code does by default, in the place of `options`: steps, sampler, schedule, temperature and
/// guidance. Unchanged for families that came without samplers of their own.
enum class Job : std::uint8_t { caption, generate, infill, write };
JobOptions family_defaults(JobOptions options, const fusion::ModelFamily& family, Job job);

}  // namespace lacuna::generation
