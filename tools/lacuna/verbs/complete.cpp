#include <chrono>
#include <memory>

#include "runtime/generation/chat_prompt.h"
#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/memory_report.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/prompts.h"
#include "tools/lacuna/sampling_flags.h"
#include "tools/lacuna/text_view.h"
#include "tools/lacuna/verbs/verb_list.h"
#include "tools/lacuna/watch.h"

namespace lacuna::tools {
namespace {

using weights::Json;

enum class Asked : std::uint8_t { text, question };

/// complete and chat: words after words.
struct WriteVerb {
  Asked asked = Asked::text;
  std::optional<std::string> prompt;
  std::optional<std::string> system;
  int length = 128;
  bool visual = false;
  bool json = false;
  bool dry_run = false;
  SamplingFlags sampling;
  ModelFlags model;
  LogFlags log;

  const char* name() const { return asked == Asked::text ? "complete" : "chat"; }
  std::vector<std::int32_t> ids(const generation::Model& model) const;
  /// Throws Failure where a sampler is asked for that means nothing to the model.
  void check_noise(const fusion::ModelFamily& family) const;
  ExitCode run();
};

std::vector<std::int32_t> WriteVerb::ids(const generation::Model& opened) const {
  const std::string text = prompt_text("--prompt", *prompt);
  if (asked == Asked::text) return generation::prompt_ids(opened, text);
  std::vector<text::ChatMessage> messages;
  if (system) messages.push_back({"system", prompt_text("--system", *system)});
  messages.push_back({"user", text});
  return generation::chat_ids(opened, messages);
}

void WriteVerb::check_noise(const fusion::ModelFamily& family) const {
  if (family.noise() != fusion::NoiseKind::uniform) return;
  const std::pair<const char*, bool> flags[] = {{"--sampler", sampling.remask.has_value()},
                                                {"--sampler-option", !sampling.sampler_options.empty()},
                                                {"--block-length", sampling.block_length.has_value()},
                                                {"--randomness", sampling.randomness.has_value()}};
  for (const auto& [flag, given] : flags) {
    if (!given) continue;
    throw Failure(kBadValue, std::string(flag) + ": samplers choose masks to fill, and this model has none: it undoes uniform "
                                                 "noise, every token being drawn anew in each of the --steps; leave it out");
  }
}

ExitCode WriteVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  if (!prompt) throw Failure(kUsage, "give a text with -p");
  if (length < 1 || length > 65536) throw bad_flag("--length", "an integer from 1 to 65536", std::to_string(length));
  log.check();
  sampling.resolve(generation::write_defaults(), Draws::text);
  catch_interrupts();
  OpenedModel opened = open_model(model, log, sampling.fidelity());
  check_noise(*opened.model().family);
  generation::JobOptions defaults = generation::write_defaults();
  defaults.answer_length = length;
  generation::JobOptions options = sampling.resolve(
      generation::family_defaults(defaults, *opened.model().family, generation::Job::write), Draws::text);
  options.answer_length = length;
  // A network that sees no further than its own block needs blocks whatever the sampler.
  if (const auto habit = opened.model().family->writing_habit(); habit && habit->block > 0) {
    options.sampler_options.values.try_emplace("block", double(habit->block));
  }
  const std::vector<std::int32_t> prompts = ids(opened.model());
  const JobSize size{1, options.draws.text.guidance_scale != 1.0f, TextSize{std::int64_t(prompts.size()), length}};
  const MemoryNeed need = memory_needed(opened.model(), *opened.executor, size);
  if (dry_run) {
    print_result(need.line());
    return kOk;
  }
  check_memory(need, size, opened, model, log);
  if (options.draws.text.temperature > 0) log.info(seed_line(options.seed, 1));
  const auto start = std::chrono::steady_clock::now();
  TextView view(opened.model(), log.colours());
  Progress progress(visual ? ProgressStyle::none : log.progress_style(), name());
  const auto show = [&](const generation::StepReport& report) { view.show(report); };
  const auto answers =
      opened.pipeline->write({&prompts, 1}, options, watch(progress, visual ? StepView(show) : StepView()));
  progress.finish();
  if (!answers) return stopped("");
  log_work(opened, log);
  const generation::Answer& answer = answers->front();
  if (!json) {
    print_result(answer.text);
    return kOk;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  Json tokens = Json::array();
  for (const std::int32_t id : answer.tokens) tokens.push_back(id);
  print_result(Json::object()
                   .set("text", answer.text)
                   .set("tokens", std::move(tokens))
                   .set("log_prob", answer.log_prob)
                   .set("seed", answer.seed)
                   .set("steps", options.steps)
                   .set("seconds", seconds.count())
                   .dump());
  return kOk;
}

Action declare(Options& options, Asked asked) {
  const auto verb = std::make_shared<WriteVerb>();
  verb->asked = asked;
  options.group("What to write");
  options.value("-p,--prompt", "TEXT", verb->prompt,
                asked == Asked::text ? "What the text starts with; - for stdin" : "What is said; - for stdin");
  if (asked == Asked::question) {
    options.value("--system", "TEXT", verb->system, "What the model is told before the conversation");
  }
  options.value("--length", "N", verb->length, "Room for the answer in tokens (default 128)");
  options.flag("--visual", verb->visual, "Show the words as they appear, one line a step on stderr");
  options.flag("--json", verb->json, "A JSON object instead of the text");
  verb->sampling.declare(options, generation::write_defaults(), Draws::text);
  verb->model.declare(options);
  verb->model.declare_tokenizer(options);
  options.flag("--dry-run", verb->dry_run, "Print the memory needed and there, and stop");
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace

Action declare_complete(Options& options) { return declare(options, Asked::text); }
Action declare_chat(Options& options) { return declare(options, Asked::question); }

}  // namespace lacuna::tools
