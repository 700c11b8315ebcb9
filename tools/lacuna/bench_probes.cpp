#include "tools/lacuna/bench_probes.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>

#include "tools/lacuna/child_process.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/model_finder.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const std::vector<std::string> kPrompt = {"3d emoji: goat"};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Milliseconds of one step: between the first and the last of a run, so that making plans does not
/// count.
double step_ms(generation::Pipeline& pipeline) {
  std::vector<Clock::time_point> times;
  pipeline.generate(kPrompt, generation::generate_defaults(), [&](const generation::StepReport&) {
    times.push_back(Clock::now());
    return generation::Continue::yes;
  });
  const std::chrono::duration<double, std::milli> all = times.back() - times.front();
  return all.count() / double(std::max<std::size_t>(1, times.size() - 1));
}

double picture_seconds(generation::Pipeline& pipeline) {
  const auto start = Clock::now();
  pipeline.generate(kPrompt, generation::generate_defaults());
  return seconds_since(start);
}

double caption_seconds(generation::Pipeline& pipeline) {
  const std::vector<vision::Image> pictures = {
      vision::Image(pipeline.model().picture_size(), 0.5f)};
  const auto start = Clock::now();
  pipeline.caption(pictures, "", generation::caption_defaults());
  return seconds_since(start);
}

double first_step_ms(const ModelFlags& flags, const LogFlags& log) {
  const auto start = Clock::now();
  OpenedModel opened = open_model(flags, log);
  double spent = 0;
  opened.pipeline->generate(kPrompt, generation::generate_defaults(),
                            [&](const generation::StepReport&) {
                              spent = 1000 * seconds_since(start);
                              return generation::Continue::no;
                            });
  return spent;
}

/// Seconds of `lacuna generate` as a user would start it.
double process_seconds(const ModelFlags& flags) {
  const fs::path picture =
      fs::temp_directory_path() / ("lacuna-bench-" + std::to_string(getpid()) + ".png");
  std::vector<std::string> arguments = {"generate",
                                        "-p",
                                        kPrompt.front(),
                                        "-o",
                                        picture.string(),
                                        "--seed",
                                        "1",
                                        "-q",
                                        "-m",
                                        find_model(flags.model.value_or(kDefaultModel)).string(),
                                        "--device",
                                        flags.device_name(),
                                        "--precision",
                                        flags.precision_name(),
                                        "-t",
                                        std::to_string(flags.threads)};
  const auto start = Clock::now();
  const bool ok = capture(own_executable(), arguments).has_value();
  const double spent = seconds_since(start);
  std::error_code ignored;
  fs::remove(picture, ignored);
  if (!ok) throw Failure(kInternalError, "lacuna generate failed; run it to see why");
  return spent;
}

double child_peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return double(usage.ru_maxrss) * 1024 / 1e6;
}

}  // namespace

std::vector<bench::Probe> model_probes(const ModelFlags& flags, const LogFlags& log) {
  const auto opened = std::make_shared<OpenedModel>(open_model(flags, log));
  return {
      {"denoising step, one picture with guidance", "ms",
       [opened] { return step_ms(*opened->pipeline); }},
      {"picture", "s", [opened] { return picture_seconds(*opened->pipeline); }},
      {"caption", "s", [opened] { return caption_seconds(*opened->pipeline); }},
      {"open the model and first step", "ms", [flags, log] { return first_step_ms(flags, log); }},
      {"lacuna generate in a new process", "s", [flags] { return process_seconds(flags); }},
      {"peak memory of that process", "MB", [] { return child_peak_megabytes(); }},
  };
}

}  // namespace lacuna::tools
