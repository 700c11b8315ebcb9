#include "tools/lacuna/bench_probes.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

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

struct ProcessFigures {
  double seconds = 0;
  double peak_megabytes = 0;
};

/// The number behind "peak memory" in what a verb says with --verbose, in MiB there.
double peak_megabytes(const std::string& messages) {
  constexpr std::string_view kKey = "peak memory ";
  const std::size_t at = messages.rfind(kKey);
  return at == std::string::npos ? 0 : std::strtod(messages.c_str() + at + kKey.size(), nullptr) * 1.048576;
}

/// `lacuna generate` as a user would start it.
ProcessFigures run_process(const ModelFlags& flags) {
  const fs::path picture =
      fs::temp_directory_path() / ("lacuna-bench-" + std::to_string(getpid()) + ".png");
  const std::vector<std::string> arguments = {"generate", "-p", kPrompt.front(), "-o", picture.string(), "--seed", "1",
                                              "--verbose", "--no-progress", "-m",
                                              find_model(flags.model.value_or(kDefaultModel)).string(), "--device",
                                              flags.device_name(), "--precision", flags.precision_name(), "-t",
                                              std::to_string(flags.threads)};
  const auto start = Clock::now();
  const auto messages = capture(own_executable(), arguments, Stream::messages);
  const double spent = seconds_since(start);
  std::error_code ignored;
  fs::remove(picture, ignored);
  if (!messages) throw Failure(kInternalError, "lacuna generate failed; run it to see why");
  return {spent, peak_megabytes(*messages)};
}

}  // namespace

std::vector<bench::Probe> model_probes(const ModelFlags& flags, const LogFlags& log) {
  const auto opened = std::make_shared<OpenedModel>(open_model(flags, log));
  const auto process = std::make_shared<ProcessFigures>();  // the last one that was run
  return {
      {"denoising step, one picture with guidance", "ms",
       [opened] { return step_ms(*opened->pipeline); }},
      {"picture", "s", [opened] { return picture_seconds(*opened->pipeline); }},
      {"caption", "s", [opened] { return caption_seconds(*opened->pipeline); }},
      {"open the model and first step", "ms", [flags, log] { return first_step_ms(flags, log); }},
      {"lacuna generate in a new process", "s",
       [flags, process] {
         *process = run_process(flags);
         return process->seconds;
       }},
      {"peak memory of that process", "MB", [process] { return process->peak_megabytes; }},
  };
}

}  // namespace lacuna::tools
