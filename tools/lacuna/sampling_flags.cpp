#include "tools/lacuna/sampling_flags.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>
#include <utility>

#include "runtime/samplers/sampler_registry.h"
#include "tools/lacuna/failure.h"

namespace lacuna::tools {
namespace {

constexpr std::int64_t kMostSteps = 100'000;

std::string sampler_names() {
  std::string names;
  for (const auto& entry : samplers::sampler_registry()) {
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  return names;
}

/// "eta (remdm-cap, remdm-rescale), gamma (entropy-bounded), ..."
std::string option_names() {
  std::map<std::string, std::string> samplers;
  for (const auto& entry : samplers::sampler_registry()) {
    for (const auto& option : entry.options) {
      // These two have flags of their own.
      if (option.name == "randomness" || option.name == "block") continue;
      std::string& list = samplers[std::string(option.name)];
      list += (list.empty() ? "" : ", ") + std::string(entry.name);
    }
  }
  std::string names;
  for (const auto& [name, list] : samplers) names += (names.empty() ? "" : "; ") + name + " (" + list + ")";
  return names;
}

/// The options of the chosen sampler; what it does not have is refused with those it has.
samplers::SamplerOptions checked_options(samplers::SamplerOptions options, const std::string& sampler,
                                         const std::vector<std::string>& given,
                                         const std::optional<std::int64_t>& block,
                                         const std::optional<double>& randomness) {
  for (const std::string& text : given) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw bad_flag("--sampler-option", "NAME=VALUE", "\"" + text + "\"");
    }
    options.values[text.substr(0, equals)] = parse_number("--sampler-option", text.substr(equals + 1));
  }
  if (block) {
    if (*block < 0 || *block > 1'000'000) {
      throw bad_flag("--block-length", "an integer from 0 to 1000000", std::to_string(*block));
    }
    options.values["block"] = double(*block);
  }
  if (randomness) options.values["randomness"] = *randomness;
  try {
    samplers::make_sampler(sampler, options);
  } catch (const std::invalid_argument& error) {
    const std::string message = error.what();
    throw Failure(kBadValue, "--sampler-option: " + without_function(message));
  }
  return options;
}

std::string schedule_names() {
  std::string names;
  for (const auto& name : fusion::NoiseSchedule::names())
    names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

double checked(const std::optional<double>& value, double otherwise, const char* flag,
               const char* expected, bool (*in_range)(double)) {
  if (!value) return otherwise;
  if (!std::isfinite(*value) || !in_range(*value))
    throw bad_flag(flag, expected, short_number(*value));
  return *value;
}

bool known_sampler(const std::string& name) {
  for (const auto& entry : samplers::sampler_registry()) {
    if (entry.name == name) return true;
  }
  return false;
}

bool known_schedule(const std::string& name) {
  for (const auto& known : fusion::NoiseSchedule::names()) {
    if (known == name) return true;
  }
  return false;
}

}  // namespace

void SamplingFlags::declare(Options& options, const generation::JobOptions& defaults, Draws draws) {
  const generation::DrawOptions& draw =
      draws == Draws::text ? defaults.draws.text : defaults.draws.image;
  const std::string default_temperature =
      draws == Draws::both
          ? "(default " + short_number(defaults.draws.image.temperature) + " for pictures, " +
                short_number(defaults.draws.text.temperature) + " for words)"
          : "(default " + short_number(draw.temperature) + ")";
  options.group("Sampling");
  options.value("-s,--seed", "N", seed,
                "Start of the random numbers; -1 = a random one, printed (default -1)");
  options.value("--steps,--diffusion-steps", "N", steps,
                "Passes through the network (default " + std::to_string(defaults.steps) + ")");
  options.value(
      "--cfg-scale", "X", cfg_scale,
      "Guidance s: logits = without + s * (with - without); 1 = off, half the time (default " +
          short_number(draw.guidance_scale) + ")");
  options.value("--temp", "X", this->temperature,
                "Temperature; 0 = always the most probable " + default_temperature);
  options.value("--top-k", "N", top_k, "Draw from the N most probable only; 0 = off (default 0)");
  options.value("--top-p", "X", top_p,
                "Draw from the most probable that add up to X; 1 = off (default 1)");
  options.value("--sampler,--remask", "NAME", remask,
                "Which positions are filled when: " + sampler_names() + " (default " + defaults.sampler + ")");
  options.value("--randomness", "X", randomness,
                "Noise in the order of --sampler confidence, falling to 0 (default " +
                    short_number(defaults.randomness) + ")");
  options.value("--sampler-option", "NAME=VALUE", sampler_options,
                "An option of the sampler, can be repeated: " + option_names());
  options.value("--block-length", "N", block_length,
                "Fill blocks of N positions one after another; 0 = all at once (default 0)");
  options.flag("--compat", compat,
               "The samplers llada and tempered, and MMaDA's guidance, with the faults of the original code");
  options.value("--schedule", "NAME", schedule,
                "How many are kept when: " + schedule_names() + " (default " +
                    (draws == Draws::both ? name_of(defaults.image_schedule) + " for pictures, " +
                                                name_of(defaults.text_schedule) + " for words"
                     : draws == Draws::text ? name_of(defaults.text_schedule)
                                            : name_of(defaults.image_schedule)) +
                    ")");
}

void SamplingFlags::declare_constraints(Options& options) {
  options.group("What the text must and may not say");
  options.value("--require", "WORDS", required,
                "Words that must occur, written where they fit best; can be repeated");
  options.value("--ban", "WORD", banned, "A word that may not occur; can be repeated");
  options.value("--length", "N", length, "Tokens of the text, exactly");
}

generation::JobOptions SamplingFlags::resolve(generation::JobOptions options, Draws draws) const {
  if (steps) {
    if (*steps < 1 || *steps > kMostSteps) {
      throw bad_flag("--steps", "an integer from 1 to " + std::to_string(kMostSteps),
                     std::to_string(*steps));
    }
    options.steps = int(*steps);
  }
  if (top_k && (*top_k < 0 || *top_k > 1'000'000'000)) {
    throw bad_flag("--top-k", "an integer from 0 to 10^9 (0 = off)", std::to_string(*top_k));
  }
  const auto set = [&](generation::DrawOptions& draw) {
    draw.temperature =
        float(checked(temperature, draw.temperature, "--temp", "a number from 0 to 100",
                      [](double x) { return x >= 0 && x <= 100; }));
    draw.top_p =
        float(checked(top_p, draw.top_p, "--top-p", "a number above 0 and up to 1 (1 = off)",
                      [](double x) { return x > 0 && x <= 1; }));
    if (top_k) draw.top_k = int(*top_k);
  };
  if (draws != Draws::image) set(options.draws.text);
  if (draws != Draws::text) set(options.draws.image);
  float& guidance =
      (draws == Draws::text ? options.draws.text : options.draws.image).guidance_scale;
  guidance = float(checked(cfg_scale, guidance, "--cfg-scale", "a number from 0 to 1000 (1 = off)",
                           [](double x) { return x >= 0 && x <= 1000; }));
  options.randomness =
      checked(randomness, options.randomness, "--randomness", "a number from 0 to 1000",
              [](double x) { return x >= 0 && x <= 1000; });
  if (remask) {
    if (!known_sampler(*remask))
      throw bad_flag("--remask", "one of " + sampler_names(), "\"" + *remask + "\"");
    options.sampler = *remask;
  }
  // Those of another sampler, from a picture's settings, do not count.
  options.sampler_options = checked_options(remask ? samplers::SamplerOptions{} : options.sampler_options,
                                            options.sampler, sampler_options, block_length, randomness);
  options.fidelity = fidelity();
  if (schedule) {
    if (!known_schedule(*schedule)) {
      throw bad_flag("--schedule", "one of " + schedule_names(), "\"" + *schedule + "\"");
    }
    if (draws != Draws::image) options.text_schedule = fusion::NoiseSchedule::named(*schedule);
    if (draws != Draws::text) options.image_schedule = fusion::NoiseSchedule::named(*schedule);
  }
  for (const auto& [flag, words] : {std::pair{"--require", &required}, std::pair{"--ban", &banned}}) {
    for (const std::string& word : *words) {
      if (word.find_first_not_of(' ') == std::string::npos) throw bad_flag(flag, "a word", "\"" + word + "\"");
    }
  }
  if (length && (*length < 1 || *length > 1'000'000)) {
    throw bad_flag("--length", "an integer >= 1", std::to_string(*length));
  }
  options.constraints = {banned, required, int(length.value_or(0))};
  options.seed = seed < 0 ? random_seed() : std::uint64_t(seed);
  return options;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string name_of(const fusion::NoiseSchedule& schedule) {
  return std::string(fusion::NoiseSchedule::names()[std::size_t(schedule.kind())]);
}

std::uint64_t random_seed() { return std::random_device()() & 0x7FFFFFFFu; }

std::string seed_line(std::uint64_t seed, int count) {
  std::string line = "seed " + std::to_string(seed);
  if (count > 1) line += " to " + std::to_string(seed + std::uint64_t(count) - 1);
  return line;
}

}  // namespace lacuna::tools
