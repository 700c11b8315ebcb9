#include "runtime/preparation/prepare.h"

#include <memory>

#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/verbs/verb_list.h"
#include "tools/lacuna/watch.h"

namespace lacuna::tools {
namespace {

using preparation::PrepareOptions;
using preparation::PrepareReport;

constexpr std::size_t kListedPictures = 10;

struct PrepareVerb {
  std::string data, output, tokenizer, image_tokenizer;
  PrepareOptions options;
  std::vector<std::string> tiers, sets, splits;
  std::int64_t limit = 0, seed = 0;
  double min_weight = 0;
  bool no_tones = false;
  bool json = false;
  ModelFlags device;
  LogFlags log;

  PrepareOptions resolve() const;
  void print(const PrepareReport& report) const;
  ExitCode run();
};

PrepareOptions PrepareVerb::resolve() const {
  for (const auto& [flag, value] :
       {std::pair{"--data", &data}, {"--output", &output}, {"--tokenizer", &tokenizer}}) {
    if (value->empty()) throw Failure(kUsage, std::string("name a folder or file with ") + flag);
  }
  PrepareOptions o = options;
  o.data = data;
  o.output = output;
  o.tokenizer = tokenizer;
  o.image_tokenizer = image_tokenizer;
  o.threads = device.threads;
  o.selection.tiers = tiers;
  o.selection.sets = sets;
  o.selection.splits = splits;
  o.selection.tones = no_tones ? preparation::Tones::leave_out : preparation::Tones::keep;
  o.selection.min_weight = float(min_weight);
  o.selection.limit = limit;
  if (seed < 0) throw bad_flag("--seed", "an integer >= 0", std::to_string(seed));
  o.seed = std::uint64_t(seed);
  o.validate();
  return o;
}

void PrepareVerb::print(const PrepareReport& report) const {
  for (std::size_t i = 0; i < report.bad.size() && i < kListedPictures; ++i) {
    log.warn("left out " + report.bad[i].file + " (line " + std::to_string(report.bad[i].line) +
             "): " + report.bad[i].reason);
  }
  if (report.bad.size() > kListedPictures) {
    log.warn("left out " + std::to_string(report.bad.size() - kListedPictures) + " more");
  }
  if (json) {
    weights::Json splits = weights::Json::object();
    for (std::size_t i = 0; i < training::kSplitNames.size(); ++i) {
      splits.set(training::kSplitNames[i], report.split_counts[i]);
    }
    print_result(weights::Json::object()
                     .set("output", output)
                     .set("rows", report.rows)
                     .set("records", report.records)
                     .set("pictures", report.pictures)
                     .set("shards", report.shards)
                     .set("bytes", report.bytes)
                     .set("bad", report.bad.size())
                     .set("continued_rows", report.continued_rows)
                     .set("splits", std::move(splits))
                     .set("mean_caption_tokens", report.captions.mean())
                     .set("truncated_captions", report.captions.truncated)
                     .dump());
    return;
  }
  log.info(std::to_string(report.rows) + " rows became " + std::to_string(report.records) +
           " records with " + std::to_string(report.pictures) + " pictures in " +
           std::to_string(report.shards) + " shards, " + mebibytes(double(report.bytes)));
  print_result(output);
}

ExitCode PrepareVerb::run() {
  if (device.list_devices) {
    print_devices();
    return kOk;
  }
  log.check();
  const PrepareOptions resolved = resolve();
  catch_interrupts();
  const auto executor = device.make_executor(log);
  Progress progress(log.progress_style(), "prepare");
  const PrepareReport report =
      preparation::run_prepare(resolved, *executor, [&](const preparation::PrepareProgress& p) {
        progress.update(int(p.rows), int(p.all_rows), int(p.all_rows - p.rows));
        return interrupt_signal() == 0;
      });
  progress.finish();
  if (report.cancelled) {
    return stopped(std::to_string(report.shards) +
                   " shards are finished; the same command goes on from there");
  }
  print(report);
  return kOk;
}

}  // namespace

Action declare_prepare(Options& options) {
  const auto verb = std::make_shared<PrepareVerb>();
  PrepareOptions& o = verb->options;
  options.group("Input and output");
  options.value("--data,--train-data-dir", "FOLDER", verb->data,
                "Folder with captions.tsv and the pictures it names");
  options.value("-o,--output", "FOLDER", verb->output,
                "Where the shards go; a run that was stopped is continued");
  options.value("--tokenizer", "FILE", verb->tokenizer,
                "tokenizer.model, or the folder that holds it");
  options.value("--image-tokenizer", "FOLDER", verb->image_tokenizer,
                "Store codes of this image tokenizer; without it pixels");
  options.flag("--overwrite", o.overwrite, "Remove the shards of other options that are there");
  options.group("Pictures and captions");
  options.value("--resolution", "N", o.resolution, "Side of the square pictures (default 128)");
  options.value("--text-length", "N", o.text_length, "Text positions of the model (default 32)");
  options.value("--end-of-text", "ID", o.end_of_text,
                "Piece that ends captions; -1 = found by itself (default -1)");
  options.value("--shard-size-mb", "N", o.shard_size_mb, "Most MB of one shard (default 30)");
  options.value("--palette-colors", "N", o.palette_colors,
                "Pixels as one of 2 to 256 colours; 0 = RGB (default 0)");
  options.value("--augment-copies", "N", o.augment_copies,
                "Pictures of each training row, the first unchanged (default 1)");
  options.value("--mask-copies", "N", o.mask_copies,
                "Records with other colours of each ink mask (default 1)");
  options.value("--max-bad-fraction", "X", o.max_bad_fraction,
                "Part of the pictures that may be unreadable (default 0.01)");
  options.value("--batch-size", "N", o.batch_size,
                "Pictures given to the image tokenizer at once (default 16)");
  options.value("-s,--seed", "N", verb->seed, "For augmentation, colours and keywords (default 0)");
  options.group("Rows");
  options.value("--tier", "NAME", verb->tiers, "Only this tier; may be repeated");
  options.value("--set", "NAME", verb->sets, "Only this set; may be repeated");
  options.value("--split", "NAME", verb->splits, "Only this split; may be repeated");
  options.flag("--no-tones", verb->no_tones, "Leave skin-tone variants out");
  options.value("--min-weight", "X", verb->min_weight, "Leave out rows of less weight (default 0)");
  options.value("--limit", "N", verb->limit, "At most N rows, evenly spread; 0 = all (default 0)");
  options.flag("--json", verb->json, "Say what was made as JSON");
  verb->device.declare_device(options);
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
