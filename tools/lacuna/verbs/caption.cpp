#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/memory_report.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/picture_output.h"
#include "tools/lacuna/prompts.h"
#include "tools/lacuna/sampling_flags.h"
#include "tools/lacuna/text_view.h"
#include "tools/lacuna/token_list.h"
#include "tools/lacuna/verbs/verb_list.h"
#include "tools/lacuna/watch.h"

namespace lacuna::tools {
namespace {

using generation::Caption;
using weights::Json;

constexpr int kMostCandidates = 256;

struct CaptionVerb {
  std::vector<std::string> pictures;
  std::vector<std::string> more_pictures;  // --image
  std::optional<std::string> prompt;
  std::optional<std::string> question;
  int length = 128;
  int n_best = 1;
  bool visual = false;
  bool json = false;
  bool dry_run = false;
  SamplingFlags sampling;
  ModelFlags model;
  LogFlags log;

  void check();
  /// The options again with the defaults of the model's family.
  generation::JobOptions for_family(const generation::JobOptions& options, const fusion::ModelFamily& family);
  ExitCode run();
  /// One picture. False when a signal stopped it.
  bool caption(OpenedModel& opened, const std::string& file, const std::string& prefix,
               const generation::JobOptions& options);
  void print(const OpenedModel& opened, const std::string& file,
             const std::vector<Caption>& captions, const generation::JobOptions& options,
             double seconds) const;
};

/// Different texts, the most probable first.
std::vector<Caption> ranked(std::vector<Caption> captions) {
  std::ranges::stable_sort(captions, std::ranges::greater{}, &Caption::log_prob);
  std::set<std::string> seen;
  std::erase_if(captions, [&](const Caption& c) { return !seen.insert(c.text).second; });
  return captions;
}

/// Of a model that is asked about a picture. A byte is a token at most; the template needs a few tokens of its own.
std::optional<TextSize> text_size(const fusion::ModelFamily& family, const generation::JobOptions& options) {
  if (family.chat_style() == fusion::ChatStyle::none) return std::nullopt;
  // A row of a picture may end in a token of its own.
  const auto& sizes = family.sizes();
  return TextSize{sizes.image_length() + sizes.grid_height + 96 + std::int64_t(options.question.size()),
                  options.answer_length};
}

void CaptionVerb::check() {
  pictures.insert(pictures.end(), more_pictures.begin(), more_pictures.end());
  if (pictures.empty()) throw Failure(kUsage, "name at least one picture (- for stdin)");
  std::vector<std::string> inputs = pictures;
  inputs.push_back(prompt.value_or(""));
  check_one_reads_stdin(inputs);
  if (n_best < 1 || n_best > kMostCandidates) {
    throw bad_flag("--n-best", "an integer from 1 to " + std::to_string(kMostCandidates),
                   std::to_string(n_best));
  }
  log.check();
}

void CaptionVerb::print(const OpenedModel& opened, const std::string& file,
                        const std::vector<Caption>& captions, const generation::JobOptions& options,
                        double seconds) const {
  const auto describe = [&](const Caption& c) {
    return Json::object()
        .set("caption", c.text)
        .set("tokens", token_list(opened.model(), c.tokens))
        .set("seed", c.seed)
        .set("log_prob", c.log_prob);
  };
  if (json) {
    Json line = Json::object().set("file", file);
    const Json best = describe(captions.front());
    for (const auto& member : best.as_object()) line.set(member.key, member.value);
    line.set("steps", options.steps).set("seconds", seconds);
    if (n_best > 1) {
      Json all = Json::array();
      for (const Caption& c : captions) all.push_back(describe(c));
      line.set("candidates", std::move(all));
    }
    print_result(line.dump());
    return;
  }
  const std::string prefix = pictures.size() > 1 ? file + "\t" : "";
  for (const Caption& c : captions) {
    char log_prob[32] = "";
    if (n_best > 1) std::snprintf(log_prob, sizeof log_prob, "%.2f\t", c.log_prob);
    print_result(prefix + log_prob + c.text);
  }
}

bool CaptionVerb::caption(OpenedModel& opened, const std::string& file, const std::string& prefix,
                          const generation::JobOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<vision::Image> inputs(std::size_t(n_best),
                                          vision::to_image(read_picture(file)));
  TextView view(opened.model(), log.colours());
  Progress progress(visual ? ProgressStyle::none : log.progress_style(), "caption " + file);
  const auto show = [&](const generation::StepReport& report) { view.show(report); };
  auto captions = opened.pipeline->caption(inputs, prefix, options,
                                           watch(progress, visual ? StepView(show) : StepView()));
  progress.finish();
  if (!captions) return false;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  print(opened, file, ranked(std::move(*captions)), options, seconds.count());
  return true;
}

generation::JobOptions CaptionVerb::for_family(const generation::JobOptions& options,
                                               const fusion::ModelFamily& family) {
  generation::JobOptions defaults = generation::caption_defaults();
  defaults.answer_length = options.answer_length;
  defaults = generation::family_defaults(defaults, family, generation::Job::caption);
  if (n_best > 1) defaults.draws.text.temperature = 1.0f;
  sampling.seed = std::int64_t(options.seed);
  generation::JobOptions result = sampling.resolve(defaults, Draws::text);
  result.question = options.question;
  result.answer_length = options.answer_length;
  return result;
}

ExitCode CaptionVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  check();
  generation::JobOptions options = generation::caption_defaults();
  if (n_best > 1) options.draws.text.temperature = 1.0f;
  options = sampling.resolve(options, Draws::text);
  if (n_best > 1 && options.draws.text.temperature == 0.0f) {
    throw Failure(kBadValue, "--n-best: expected --temp above 0, else all candidates are the same");
  }
  options.question = question.value_or("");
  options.answer_length = length;
  if (length < 1 || length > 65536) throw bad_flag("--answer-length", "an integer from 1 to 65536", std::to_string(length));
  const std::string prefix = prompt ? prompt_text("--prompt", *prompt) : "";
  const bool seeded = sampling.seed >= 0;
  catch_interrupts();
  OpenedModel opened = open_model(model, log, sampling.fidelity());
  options = for_family(options, *opened.model().family);
  const JobSize size{n_best, options.draws.text.guidance_scale != 1.0f, text_size(*opened.model().family, options)};
  const MemoryNeed need = memory_needed(opened.model(), *opened.executor, size);
  if (dry_run) {
    print_result(need.line());
    return kOk;
  }
  check_memory(need, size, opened, model, log);
  if (options.draws.text.temperature > 0 || seeded)
    log.info(seed_line(options.seed, n_best));

  ExitCode worst = kOk;
  std::size_t done = 0;
  for (const std::string& file : pictures) {
    try {
      if (!caption(opened, file, prefix, options)) {
        return stopped(std::to_string(done) + " of " + std::to_string(pictures.size()) +
                       " pictures have captions");
      }
      ++done;
    } catch (const std::exception& error) {
      // One bad picture of many: the others are captioned all the same.
      const Report report = report_of(error);
      if (pictures.size() == 1 || (report.code != kBadData && report.code != kMissingFile)) throw;
      print_error("lacuna caption: " + report.message);
      if (worst == kOk) worst = report.code;
    }
  }
  log_work(opened, log);
  return worst;
}

}  // namespace

Action declare_caption(Options& options) {
  const auto verb = std::make_shared<CaptionVerb>();
  options.group("What to caption");
  options.positional("PICTURE...", verb->pictures,
                     "PNG, JPEG or BMP files of any size; - for stdin");
  options.value("--image", "FILE", verb->more_pictures,
                "The same as naming it without --image; may be repeated");
  options.value("-p,--prompt", "TEXT", verb->prompt, "What the caption starts with; - for stdin");
  options.value("--question", "TEXT", verb->question,
                "What a model that answers questions is asked (default: to describe the picture)");
  options.value("--answer-length", "N", verb->length, "Room for such an answer in tokens (default 128)");
  options.value(
      "--n-best", "N", verb->n_best,
      "Draw N captions at temperature 1, list the different ones, most probable first (default 1)");
  options.flag("--visual", verb->visual,
               "Show the words as they appear, one line a step on stderr");
  options.flag("--json", verb->json, "One JSON object a picture");
  verb->sampling.declare(options, generation::caption_defaults(), Draws::text);
  verb->sampling.declare_constraints(options);
  verb->model.declare(options);
  options.flag("--dry-run", verb->dry_run, "Print the memory needed and there, and stop");
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
