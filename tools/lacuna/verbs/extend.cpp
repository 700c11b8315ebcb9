#include <algorithm>
#include <chrono>
#include <memory>

#include "runtime/generation/masked_text.h"
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
#include "vision/resize.h"
#include "vision/tiling.h"

namespace lacuna::tools {
namespace {

using vision::CodeGrid;
using vision::Extension;
using vision::Side;
using vision::Size;
using weights::Json;

/// Rounds of one run; each draws a whole picture.
constexpr std::size_t kMostRounds = 64;

bool sideways(Side side) { return side == Side::left || side == Side::right; }

/// "right,right" and the like. Throws Failure (kBadValue).
std::vector<Side> parse_sides(const std::string& text) {
  constexpr const char* kExpected = "left and right, or up and down, joined by commas";
  constexpr std::pair<std::string_view, Side> kSides[] = {
      {"left", Side::left}, {"right", Side::right}, {"up", Side::up}, {"down", Side::down}};
  std::vector<Side> sides;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = std::string_view(text).substr(begin, end - begin);
    const auto found = std::ranges::find(kSides, word, &std::pair<std::string_view, Side>::first);
    if (found == std::end(kSides)) throw bad_flag("--to", kExpected, "\"" + std::string(word) + "\"");
    sides.push_back(found->second);
    begin = end + 1;
  }
  if (std::ranges::any_of(sides, [&](Side side) { return sideways(side) != sideways(sides.front()); })) {
    throw bad_flag("--to", kExpected, "\"" + text + "\"; a picture grows along one axis in a run");
  }
  if (sides.size() > kMostRounds) {
    throw bad_flag("--to", "at most " + std::to_string(kMostRounds) + " sides", std::to_string(sides.size()));
  }
  return sides;
}

/// How pictures of one model grow: a round after another, each by a window of the model's size.
struct Growth {
  std::vector<Side> sides;
  Size window;  // codes
  int kept = 0;

  /// Half of the window is known unless `overlap` says otherwise. Throws Failure (kBadValue).
  Growth(const std::vector<Side>& to, Size model, std::optional<std::int64_t> overlap) : sides(to), window(model) {
    const std::int64_t wanted = overlap.value_or(Extension::released(sides.front(), window, 0).kept);
    const int most = (sideways(sides.front()) ? window.width : window.height) - 1;
    if (wanted < 1 || wanted > most) {
      throw bad_flag("--overlap", "an integer from 1 to " + std::to_string(most) + " for this model",
                     std::to_string(wanted));
    }
    kept = int(wanted);
  }
  Extension round(std::size_t i) const { return {sides[i], window, kept}; }
  Size added() const {
    return sideways(sides.front()) ? Size{0, window.width - kept} : Size{window.height - kept, 0};
  }
  /// Codes of the picture in the end.
  Size grown() const {
    const int rounds = int(sides.size());
    return {window.height + rounds * added().height, window.width + rounds * added().width};
  }
  /// Row and column of the first code that was known from the start.
  Size origin() const {
    const int before = int(std::ranges::count(sides, Side::left) + std::ranges::count(sides, Side::up));
    return {before * added().height, before * added().width};
  }
};

struct ExtendVerb {
  std::optional<std::string> init_image, to, prompt, output;
  std::optional<std::int64_t> overlap;
  int batch_count = 1;
  bool disable_metadata = false;
  bool json = false;
  bool dry_run = false;
  PreviewFlags preview;
  SamplingFlags sampling;
  ModelFlags model;
  LogFlags log;

  void check() const;
  generation::JobOptions job_options(const fusion::ModelFamily* family = nullptr) const;
  /// Codes of `count` larger pictures, seeds options.seed and up; nullopt when a signal stopped it.
  std::optional<std::vector<CodeGrid>> draw(OpenedModel& opened, const Growth& growth, const CodeGrid& known,
                                            const std::string& words, const generation::JobOptions& options,
                                            std::size_t count) const;
  ExitCode run();
};

void ExtendVerb::check() const {
  if (!init_image) throw Failure(kUsage, "give the picture with --init-img FILE");
  if (!to) throw Failure(kUsage, "say where the picture is to grow: --to right");
  if (!prompt) throw Failure(kUsage, "give a text with -p");
  check_one_reads_stdin({*init_image, *prompt});
  check_batch_count(batch_count);
  log.check();
  preview.check();
}

generation::JobOptions ExtendVerb::job_options(const fusion::ModelFamily* family) const {
  generation::JobOptions options = generation::infill_defaults();
  if (family) options = generation::family_defaults(options, *family, generation::Job::infill);
  return sampling.resolve(options, Draws::image);
}

std::optional<std::vector<CodeGrid>> ExtendVerb::draw(OpenedModel& opened, const Growth& growth,
                                                      const CodeGrid& known, const std::string& words,
                                                      const generation::JobOptions& options, std::size_t count) const {
  const auto text = generation::encode_masked_text(*opened.model().text, opened.model().family->tokens(), words);
  std::vector<CodeGrid> pictures(count, known);
  PictureView view(*opened.pipeline, preview, log);
  const auto show = [&](const generation::StepReport& report) { view.show(report); };
  for (std::size_t round = 0; round < growth.sides.size(); ++round) {
    // Another stretch of the random numbers for each round, or what is drawn would repeat.
    std::vector<std::uint64_t> seeds;
    for (std::size_t i = 0; i < count; ++i) seeds.push_back(options.seed + i + (std::uint64_t(round) << 40));
    const std::string what = "extend " + std::to_string(round + 1) + " of " + std::to_string(growth.sides.size());
    Progress progress(log.progress_style(), what);
    auto larger = opened.pipeline->extend(pictures, growth.round(round), text, seeds, options,
                                          watch(progress, preview.wanted() ? StepView(show) : StepView()));
    progress.finish();
    if (!larger) return std::nullopt;
    pictures = std::move(*larger);
  }
  return pictures;
}

ExitCode ExtendVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  check();
  const std::vector<Side> sides = parse_sides(*to);
  generation::JobOptions options = job_options();
  if (options.seed > std::uint64_t(INT64_MAX - kMostPictures)) {
    throw bad_flag("--seed", "an integer below 2^63 - 10000", std::to_string(options.seed));
  }
  const std::string pattern = output.value_or("extend-" + std::to_string(options.seed) + ".png");
  const std::vector<std::string> paths = output_paths(pattern, batch_count);
  if (json && pattern == "-") throw Failure(kUsage, "--json and -o - exclude each other");
  if (!dry_run) {
    for (const std::string& path : paths) check_picture_output(path);
  }
  const std::string words = prompt_text("--prompt", *prompt);
  const vision::Image8 given = read_picture(*init_image);
  catch_interrupts();
  OpenedModel opened = open_model(model, log, sampling.fidelity());
  sampling.seed = std::int64_t(options.seed);
  options = job_options(opened.model().family.get());
  const auto& sizes = opened.model().family->sizes();
  const Growth growth(sides, {sizes.grid_height, sizes.grid_width}, overlap);
  const JobSize size{int(std::min(kPicturesAtOnce, paths.size())), options.draws.image.guidance_scale != 1.0f, {},
                     growth.grown()};
  const MemoryNeed need = memory_needed(opened.model(), *opened.executor, size);
  if (dry_run) {
    print_result(need.line());
    return kOk;
  }
  check_memory(need, size, opened, model, log);
  log.info(seed_line(options.seed, batch_count));

  const Size whole = opened.model().picture_size();
  const auto box = vision::letterbox(given.size(), whole, vision::Aspect::crop);
  if (!(given.size() == whole)) {
    log.info("the middle of the picture, " + vision::to_string(box.source_area.size()) + " pixels, is taken at " +
             vision::to_string(whole) + ", the model's size");
  }
  const vision::Image known = vision::fit(given, box, {255, 255, 255});
  const CodeGrid codes = opened.pipeline->encode({&known, 1}).front();
  const int cell = opened.model().images->pixels_per_code();
  PictureSettings settings{"extend",
                           words,
                           options,
                           model_name(opened.model().folder),
                           model_sha256(opened.model().folder),
                           opened.executor->name(),
                           runtime::precision_of(*opened.executor)};
  for (std::size_t done = 0; done < paths.size();) {
    const auto start = std::chrono::steady_clock::now();
    generation::JobOptions some = options;
    some.seed = options.seed + done;
    const auto drawn = draw(opened, growth, codes, words, some, std::min(kPicturesAtOnce, paths.size() - done));
    if (!drawn) return stopped(done == 0 ? "" : std::to_string(done) + " were finished before");
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    for (const CodeGrid& grid : *drawn) {
      vision::Image8 picture = vision::to_image8(opened.pipeline->decode({&grid, 1}).front());
      // What was there stays as it was, not as the model sees it.
      vision::paste(picture, vision::to_image8(known), growth.origin().height * cell, growth.origin().width * cell);
      settings.options.seed = options.seed + done;
      write_picture(paths[done], picture,
                    disable_metadata ? std::vector<vision::PngText>{} : png_texts(settings, picture.size()));
      if (json) {
        print_result(Json::object()
                         .set("file", paths[done])
                         .set("prompt", settings.prompt)
                         .set("seed", settings.options.seed)
                         .set("steps", options.steps)
                         .set("width", picture.width())
                         .set("height", picture.height())
                         .set("seconds", seconds.count() / double(drawn->size()))
                         .set("tokens", code_list(opened.model(), grid))
                         .dump());
      } else if (pattern != "-") {
        print_result(paths[done]);
      }
      ++done;
    }
  }
  log_work(opened, log);
  return kOk;
}

}  // namespace

Action declare_extend(Options& options) {
  const auto verb = std::make_shared<ExtendVerb>();
  options.group("What is known");
  options.value("-i,--init-img,--image", "FILE", verb->init_image, "Picture that is to grow; - for stdin");
  options.value("--to", "SIDES", verb->to,
                "Where: left, right, up or down, several joined by commas, one window of the model's size after "
                "another");
  options.value("--overlap", "N", verb->overlap,
                "Rows or columns of codes that a window shares with what is there (default: half of the window)");
  options.value("-p,--prompt", "TEXT", verb->prompt, "What is to be seen; - for stdin");
  options.value("--batch-count", "N", verb->batch_count,
                "Different pictures; the i-th has the seed + i - 1 (default 1)");
  options.group("Where it goes");
  options.value("-o,--output", "FILE", verb->output,
                ".png, .jpg or .bmp; - for stdout (PNG); several become name-1.png, ... or fill "
                "%03d (default extend-SEED.png)");
  options.flag("--disable-metadata", verb->disable_metadata, "Do not write the settings into PNG files");
  options.flag("--json", verb->json, "One JSON object a picture instead of its file name");
  verb->preview.declare(options);
  verb->sampling.declare(options, generation::infill_defaults(), Draws::image);
  verb->model.declare(options);
  options.flag("--dry-run", verb->dry_run, "Print the memory needed and there, and stop");
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
