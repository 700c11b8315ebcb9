#include <chrono>
#include <memory>

#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
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
#include "tools/lacuna/token_list.h"
#include "tools/lacuna/verbs/verb_list.h"
#include "tools/lacuna/watch.h"
#include "vision/contact_sheet.h"

namespace lacuna::tools {
namespace {

using weights::Json;

struct GenerateVerb {
  std::optional<std::string> prompt;
  std::optional<std::string> prompt_file;
  std::optional<std::string> from;
  std::optional<std::string> output;
  std::optional<std::string> contact_sheet;
  int batch_count = 1;
  bool disable_metadata = false;
  bool json = false;
  bool dry_run = false;
  PreviewFlags preview;
  SamplingFlags sampling;
  ModelFlags model;
  LogFlags log;

  void check() const;
  /// One prompt for each picture, and the defaults that the flags change.
  std::vector<std::string> read_prompts(std::optional<PictureSettings>& repeated);
  void check_same_model(const PictureSettings& repeated, const std::string& hash) const;
  ExitCode run();
};

/// A run on its way: what is the same for all pictures, and what is done.
struct Run {
  GenerateVerb& verb;
  OpenedModel& opened;
  std::vector<std::string> prompts;
  std::vector<std::string> paths;
  PictureSettings settings;
  std::vector<vision::SheetTile> tiles;
  std::size_t done = 0;

  /// Draws pictures done, done + 1, ... up to kPicturesAtOnce. False when a signal stopped it.
  bool draw_some();
  void save(const generation::Picture& picture, double seconds);
};

void GenerateVerb::check() const {
  if (prompt_file && (prompt || from)) {
    throw Failure(kUsage, "--prompt-file and --prompt or --from exclude each other");
  }
  if (!prompt && !prompt_file && !from)
    throw Failure(kUsage, "give a text with -p, --prompt-file or --from");
  check_batch_count(batch_count);
  log.check();
  preview.check();
  if (contact_sheet) check_picture_output(*contact_sheet);
}

std::vector<std::string> GenerateVerb::read_prompts(std::optional<PictureSettings>& repeated) {
  std::vector<std::string> given;
  if (from) {
    repeated = read_settings(*from);
    if (repeated->job != "generate") {
      throw Failure(kBadData,
                    *from + ": was made by lacuna " + repeated->job +
                        ", which needs its input picture too and cannot be repeated from here");
    }
    if (sampling.seed < 0) sampling.seed = std::int64_t(repeated->options.seed);
    if (!model.model) model.model = repeated->model;
    if (!model.device) model.device = repeated->device;
    if (!model.precision) model.precision = repeated->precision;
    given = {repeated->prompt};
  }
  if (prompt) given = {prompt_text("--prompt", *prompt)};
  if (prompt_file) given = prompt_lines("--prompt-file", *prompt_file);
  std::vector<std::string> prompts;
  for (const std::string& text : given)
    prompts.insert(prompts.end(), std::size_t(batch_count), text);
  if (prompts.size() > std::size_t(kMostPictures)) {
    throw bad_flag("--prompt-file", "at most " + std::to_string(kMostPictures) + " pictures in all",
                   std::to_string(prompts.size()));
  }
  return prompts;
}

void GenerateVerb::check_same_model(const PictureSettings& repeated,
                                    const std::string& hash) const {
  if (repeated.model_sha256 == hash) return;
  throw Failure(kBadData,
                *from + ": was drawn by the model \"" + repeated.model + "\" with sha256 " +
                    repeated.model_sha256.substr(0, 16) + "..., but this one has " +
                    hash.substr(0, 16) +
                    "...; name the right one with --model, or use -p to draw with this one");
}

void Run::save(const generation::Picture& picture, double seconds) {
  const std::string& path = paths[done];
  const vision::Image8 bytes = vision::to_image8(picture.image);
  settings.prompt = prompts[done];
  settings.options.seed = picture.seed;
  write_picture(
      path, bytes,
      verb.disable_metadata ? std::vector<vision::PngText>{} : png_texts(settings, bytes.size()));
  if (verb.contact_sheet) tiles.push_back({bytes, prompts[done]});
  ++done;
  if (path == "-") return;
  if (!verb.json) return print_result(path);
  print_result(Json::object()
                   .set("file", path)
                   .set("prompt", settings.prompt)
                   .set("seed", picture.seed)
                   .set("steps", settings.options.steps)
                   .set("width", bytes.width())
                   .set("height", bytes.height())
                   .set("seconds", seconds)
                   .set("tokens", code_list(opened.model(), picture.codes))
                   .dump());
}

bool Run::draw_some() {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t count = std::min(kPicturesAtOnce, prompts.size() - done);
  const std::string what = prompts.size() == 1 ? "draw"
                                               : "draw " + std::to_string(done + 1) + "-" +
                                                     std::to_string(done + count) + " of " +
                                                     std::to_string(prompts.size());
  generation::JobOptions options = settings.options;
  options.seed = std::uint64_t(verb.sampling.seed) + done;
  Progress progress(verb.log.progress_style(), what);
  PictureView view(*opened.pipeline, verb.preview, verb.log);
  const auto show = [&](const generation::StepReport& report) { view.show(report); };
  const auto pictures = opened.pipeline->generate(
      std::span(prompts).subspan(done, count), options,
      watch(progress, verb.preview.wanted() ? StepView(show) : StepView()));
  progress.finish();
  if (!pictures) return false;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  for (const generation::Picture& picture : *pictures)
    save(picture, seconds.count() / double(count));
  return true;
}

ExitCode GenerateVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  check();
  std::optional<PictureSettings> repeated;
  std::vector<std::string> prompts = read_prompts(repeated);
  generation::JobOptions options = sampling.resolve(
      repeated ? repeated->options : generation::generate_defaults(), Draws::image);
  sampling.seed = std::int64_t(options.seed);
  if (sampling.seed > INT64_MAX - kMostPictures)
    throw bad_flag("--seed", "an integer below 2^63 - 10000", std::to_string(sampling.seed));
  const std::string pattern = output.value_or("lacuna-" + std::to_string(options.seed) + ".png");
  std::vector<std::string> paths = output_paths(pattern, int(prompts.size()));
  if (!dry_run) {
    for (const std::string& path : paths) check_picture_output(path);
  }
  catch_interrupts();
  OpenedModel opened = open_model(model, log, sampling.fidelity());
  if (!repeated) {
    options = sampling.resolve(
        generation::family_defaults(generation::generate_defaults(), *opened.model().family, generation::Job::generate),
        Draws::image);
  }
  const JobSize size{int(std::min(kPicturesAtOnce, prompts.size())), options.draws.image.guidance_scale != 1.0f};
  const MemoryNeed need = memory_needed(opened.model(), *opened.executor, size);
  if (dry_run) {
    print_result(need.line());
    return kOk;
  }
  check_memory(need, size, opened, model, log);
  const std::string hash = model_sha256(opened.model().folder);
  if (repeated) check_same_model(*repeated, hash);
  log.info(seed_line(options.seed, int(prompts.size())));

  Run run{*this,
          opened,
          std::move(prompts),
          std::move(paths),
          {"generate", "", options, model_name(opened.model().folder), hash,
           opened.executor->name(), runtime::precision_of(*opened.executor)},
          {},
          0};
  while (run.done < run.prompts.size()) {
    if (!run.draw_some()) {
      return stopped(run.done == 0 ? ""
                                   : std::to_string(run.done) + " pictures were finished before");
    }
  }
  if (contact_sheet) {
    write_picture(*contact_sheet, vision::contact_sheet(run.tiles));
    print_result(*contact_sheet);
  }
  log_work(opened, log);
  return kOk;
}

}  // namespace

Action declare_generate(Options& options) {
  const auto verb = std::make_shared<GenerateVerb>();
  options.group("What to draw");
  options.value("-p,--prompt", "TEXT", verb->prompt, "What is to be seen; - for stdin");
  options.value("--prompt-file", "FILE", verb->prompt_file,
                "One picture for each line; - for stdin");
  options.value(
      "--from", "PICTURE", verb->from,
      "Repeat a picture from the settings in its PNG file, environment and configuration file "
      "apart; options given beside it change them");
  options.only_command_line();
  options.value("--batch-count", "N", verb->batch_count,
                "Pictures a prompt; the i-th has the seed + i - 1 (default 1)");
  options.group("Where it goes");
  options.value(
      "-o,--output", "FILE", verb->output,
      ".png, .jpg or .bmp; - for stdout (PNG); several become name-1.png, name-2.png, ... or fill "
      "%03d (default lacuna-SEED.png)");
  options.value("--contact-sheet", "FILE", verb->contact_sheet,
                "All pictures on one sheet as well");
  options.flag("--disable-metadata", verb->disable_metadata,
               "Do not write the settings into PNG files");
  options.flag("--json", verb->json, "One JSON object a picture instead of its file name");
  verb->preview.declare(options);
  verb->sampling.declare(options, generation::generate_defaults(), Draws::image);
  verb->model.declare(options);
  options.flag("--dry-run", verb->dry_run, "Print the memory needed and there, and stop");
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
