#include <chrono>
#include <memory>

#include "runtime/generation/masked_text.h"
#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/infill_canvas.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/memory_report.h"
#include "tools/lacuna/model_files.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/output_path.h"
#include "tools/lacuna/picture_metadata.h"
#include "tools/lacuna/picture_output.h"
#include "tools/lacuna/picture_view.h"
#include "tools/lacuna/prompts.h"
#include "tools/lacuna/sampling_flags.h"
#include "tools/lacuna/text_view.h"
#include "tools/lacuna/token_list.h"
#include "tools/lacuna/verbs/verb_list.h"
#include "tools/lacuna/watch.h"

namespace lacuna::tools {
namespace {

using weights::Json;

struct InfillVerb {
  InfillFlags input;
  std::optional<std::string> output;
  int batch_count = 1;
  bool disable_metadata = false;
  bool json = false;
  bool dry_run = false;
  PreviewFlags preview;
  SamplingFlags sampling;
  ModelFlags model;
  LogFlags log;

  void check() const;
  /// `family` is null before the model is open.
  generation::JobOptions job_options(const fusion::ModelFamily* family = nullptr) const;
  void print(const generation::Model& drawn_by, const generation::InfillResult& result,
             const std::string& path, std::uint64_t seed, int steps, double seconds) const;
  ExitCode run();
};

void InfillVerb::check() const {
  check_batch_count(batch_count);
  input.check();
  log.check();
  preview.check();
}

generation::JobOptions InfillVerb::job_options(const fusion::ModelFamily* family) const {
  generation::JobOptions options = generation::infill_defaults();
  if (family) options = generation::family_defaults(options, *family, generation::Job::infill);
  // Words that nothing is known about are drawn; the most probable ones would always be the same.
  if (input.is_joint()) options.draws.text.temperature = 1.0f;
  return sampling.resolve(options, Draws::both);
}

void InfillVerb::print(const generation::Model& drawn_by, const generation::InfillResult& result,
                       const std::string& path, std::uint64_t seed, int steps, double seconds) const {
  if (json) {
    Json line = Json::object();
    Json tokens = token_list(drawn_by, result.tokens);
    if (input.draws_picture()) append_codes(tokens, drawn_by, result.codes);
    if (input.draws_picture()) line.set("file", path);
    line.set("text", result.text)
        .set("seed", seed)
        .set("steps", steps)
        .set("log_prob", result.log_prob)
        .set("seconds", seconds)
        .set("tokens", std::move(tokens));
    print_result(line.dump());
    return;
  }
  if (input.draws_picture() && path != "-") print_result(path);
  if (input.fills_text() && path != "-") print_result(result.text);
}

ExitCode InfillVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  check();
  generation::JobOptions options = job_options();
  if (options.seed > std::uint64_t(INT64_MAX - kMostPictures)) {
    throw bad_flag("--seed", "an integer below 2^63 - 10000", std::to_string(options.seed));
  }
  const std::string pattern = output.value_or("infill-" + std::to_string(options.seed) + ".png");
  const std::vector<std::string> paths = output_paths(pattern, batch_count);
  if (input.draws_picture() && !dry_run) {
    for (const std::string& path : paths) check_picture_output(path);
    if (json && pattern == "-") throw Failure(kUsage, "--json and -o - exclude each other");
  }
  const InfillInput given = input.read();
  catch_interrupts();
  OpenedModel opened = open_model(model, log, sampling.fidelity());
  sampling.seed = std::int64_t(options.seed);
  options = job_options(opened.model().family.get());
  const JobSize size{int(std::min(kPicturesAtOnce, paths.size())),
                     input.draws_picture() && options.draws.image.guidance_scale != 1.0f};
  const MemoryNeed need = memory_needed(opened.model(), *opened.executor, size);
  if (dry_run) {
    print_result(need.line());
    return kOk;
  }
  check_memory(need, size, opened, model, log);
  const InfillCanvas canvas(given, opened.model());
  if (given.picture && input.draws_picture()) log.info(canvas.mask_line());
  if (input.draws_picture() || options.draws.text.temperature > 0)
    log.info(seed_line(options.seed, batch_count));
  PictureSettings settings{"infill",
                           given.text.value_or(""),
                           options,
                           model_name(opened.model().folder),
                           input.draws_picture() ? model_sha256(opened.model().folder) : "",
                           opened.executor->name(),
                           runtime::precision_of(*opened.executor)};

  for (std::size_t done = 0; done < paths.size();) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<generation::InfillRequest> requests;
    for (std::size_t i = done; i < std::min(paths.size(), done + kPicturesAtOnce); ++i) {
      requests.push_back(canvas.request());
      requests.back().seed = options.seed + i;
    }
    Progress progress(log.progress_style(), "fill");
    PictureView pictures(*opened.pipeline, preview, log);
    TextView words(opened.model(), log.colours());
    const auto show = [&](const generation::StepReport& report) {
      pictures.show(report);
      if (preview.visual && input.fills_text()) words.show(report);
    };
    const auto results = opened.pipeline->infill(
        requests, options, watch(progress, preview.wanted() ? StepView(show) : StepView()));
    progress.finish();
    if (!results) return stopped(done == 0 ? "" : std::to_string(done) + " were finished before");
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    for (const generation::InfillResult& result : *results) {
      settings.options.seed = options.seed + done;
      settings.prompt = result.text;
      if (input.draws_picture()) {
        const vision::Image8 picture = canvas.finish(result.image, input.mask_blur);
        write_picture(paths[done], picture,
                      disable_metadata ? std::vector<vision::PngText>{}
                                       : png_texts(settings, picture.size()));
      }
      print(opened.model(), result, paths[done], settings.options.seed, options.steps,
            seconds.count() / double(results->size()));
      ++done;
    }
  }
  if (given.picture && input.draws_picture() && !pattern.ends_with(".png") &&
      !pattern.ends_with(".bmp") && pattern != "-") {
    log.warn(
        "JPEG changes pixels outside the mask a little; write .png to keep them byte for byte");
  }
  log_work(opened, log);
  return kOk;
}

}  // namespace

Action declare_infill(Options& options) {
  const auto verb = std::make_shared<InfillVerb>();
  verb->input.declare(options);
  options.value("--batch-count", "N", verb->batch_count,
                "Different fillings; the i-th has the seed + i - 1 (default 1)");
  options.group("Where it goes");
  options.value("-o,--output", "FILE", verb->output,
                ".png, .jpg or .bmp; - for stdout (PNG); several become name-1.png, ... or fill "
                "%03d (default "
                "infill-SEED.png)");
  options.flag("--disable-metadata", verb->disable_metadata,
               "Do not write the settings into PNG files");
  options.flag("--json", verb->json, "One JSON object a filling");
  verb->preview.declare(options);
  verb->sampling.declare(options, generation::infill_defaults(), Draws::both);
  verb->sampling.declare_constraints(options);
  verb->model.declare(options);
  options.flag("--dry-run", verb->dry_run, "Print the memory needed and there, and stop");
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
