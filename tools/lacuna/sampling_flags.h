#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/generation/job_options.h"
#include "tools/lacuna/options.h"

namespace lacuna::tools {

/// Which modality a job draws, and so which draw options its flags set.
enum class Draws { text, image, both };

/// The flags that every sampling verb shares. What is absent keeps the job's default.
struct SamplingFlags {
  std::int64_t seed = -1;
  std::optional<std::int64_t> steps;
  std::optional<double> cfg_scale;
  std::optional<double> temperature;
  std::optional<std::int64_t> top_k;
  std::optional<double> top_p;
  std::optional<std::string> remask;
  std::optional<double> randomness;
  std::vector<std::string> sampler_options;  // NAME=VALUE
  std::optional<std::int64_t> block_length;
  std::vector<std::string> banned;    // words
  std::vector<std::string> required;  // words
  std::optional<std::int64_t> length;
  std::optional<std::string> schedule;
  bool compat = false;

  samplers::Fidelity fidelity() const {
    return compat ? samplers::Fidelity::original : samplers::Fidelity::corrected;
  }
  void declare(Options& options, const generation::JobOptions& defaults, Draws draws);
  /// What a text that is written must and may not contain.
  void declare_constraints(Options& options);
  /// The job's options, every value checked; a negative seed becomes a random one. Throws Failure
  /// (kBadValue).
  generation::JobOptions resolve(generation::JobOptions defaults, Draws draws) const;
};

/// Six digits at most, without trailing zeros.
std::string short_number(double value);
/// As --schedule takes it.
std::string name_of(const fusion::NoiseSchedule& schedule);
/// A seed of 31 bits that nobody has chosen.
std::uint64_t random_seed();
/// "--seed 7" as it is printed for the user to repeat.
std::string seed_line(std::uint64_t seed, int count);

}  // namespace lacuna::tools
