#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <thread>

#include "runtime/generation/import_model.h"
#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/system_info.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {
namespace {

using weights::Json;

constexpr std::pair<const char*, graph::DType> kTypes[] = {
    {"f32", graph::DType::f32},   {"bf16", graph::DType::bf16}, {"f16", graph::DType::f16},
    {"q8_0", graph::DType::q8_0}, {"q4_0", graph::DType::q4_0}, {"q4_1", graph::DType::q4_1}};

graph::DType type_named(const char* flag, const std::string& name) {
  std::string known;
  for (const auto& [type_name, dtype] : kTypes) {
    if (type_name == name) return dtype;
    known += (known.empty() ? "" : ", ") + std::string(type_name);
  }
  throw bad_flag(flag, "one of " + known, "\"" + name + "\"");
}

/// "N" or "ROWSxCOLUMNS".
std::array<int, 2> grid_sizes(const std::string& text) {
  std::array<int, 2> sides{};
  const char* const end = text.data() + text.size();
  const auto parse = [&](const char* begin, int& side) {
    const auto [stop, error] = std::from_chars(begin, end, side);
    return error == std::errc{} && side >= 1 && side <= 4096 ? stop : nullptr;
  };
  const char* stop = parse(text.data(), sides[0]);
  sides[1] = sides[0];
  if (stop && stop != end && *stop == 'x') stop = parse(stop + 1, sides[1]);
  if (stop != end) {
    throw bad_flag("--grid", "N or ROWSxCOLUMNS, each an integer from 1 to 4096", "\"" + text + "\"");
  }
  return sides;
}

struct ImportVerb {
  std::vector<std::string> model;
  std::optional<std::string> image_tokenizer, tokenizer;
  std::string output;
  std::string type = "bf16";
  std::string keep_type = "bf16";
  int keep_blocks = 0;
  std::optional<std::int64_t> text_length;
  std::optional<std::string> grid;
  int threads = 0;
  bool json = false;
  bool dry_run = false;
  LogFlags log;

  generation::ImportOptions resolve() const;
  ExitCode run();
};

generation::ImportOptions ImportVerb::resolve() const {
  if (model.size() != 1) throw Failure(kUsage, "name the folder of one released model");
  if (output.empty()) throw Failure(kUsage, "name the folder to write with -o");
  log.check();
  generation::ImportOptions options;
  options.model = model.front();
  if (tokenizer) options.tokenizer = *tokenizer;
  if (image_tokenizer) options.image_tokenizer = *image_tokenizer;
  options.output = output;
  options.type = type_named("--type", type);
  options.sensitive = type_named("--keep-type", keep_type);
  if (keep_blocks < 0 || keep_blocks > 1024) {
    throw bad_flag("--keep-blocks", "an integer from 0 to 1024", std::to_string(keep_blocks));
  }
  options.keep_blocks = keep_blocks;
  const auto size = [](const char* flag, const std::optional<std::int64_t>& value, std::int64_t most) {
    if (value && (*value < 1 || *value > most)) {
      throw bad_flag(flag, "an integer from 1 to " + std::to_string(most), std::to_string(*value));
    }
    return value ? std::optional<int>(int(*value)) : std::nullopt;
  };
  options.text_length = size("--text-length", text_length, 65536);
  if (grid) options.grid = grid_sizes(*grid);
  if (threads < 0 || threads > 1024) throw bad_flag("--threads", "an integer from 0 to 1024", std::to_string(threads));
  options.threads = threads > 0 ? threads : int(std::max(1u, std::thread::hardware_concurrency()));
  return options;
}

ExitCode ImportVerb::run() {
  generation::ImportOptions options = resolve();
  if (dry_run) {
    print_result(mebibytes(double(generation::import_bytes(options))));
    return kOk;
  }
  options.progress = [this](const weights::TensorReport& tensor, std::size_t done, std::size_t total) {
    char error[64];
    std::snprintf(error, sizeof error, ", error %.2e", tensor.relative_rms);
    log.detail(std::to_string(done) + "/" + std::to_string(total) + " " + tensor.name + " " +
               tensor.shape.to_string() + " " + std::string(graph::name_of(tensor.dtype)) + error);
  };
  const generation::ImportReport report = generation::import_model(options);
  log.detail("peak memory " + mebibytes(double(peak_memory())));
  double worst = 0;
  for (const auto& tensor : report.tensors) worst = std::max(worst, tensor.relative_rms);
  if (json) {
    print_result(Json::object()
                     .set("folder", output)
                     .set("family", report.family)
                     .set("tensors", report.tensors.size())
                     .set("bytes", report.bytes)
                     .set("worst_relative_error", worst)
                     .dump());
  } else {
    log.info(report.family + ", " + std::to_string(report.tensors.size()) + " tensors, " +
             mebibytes(double(report.bytes)));
    print_result(output);
  }
  return kOk;
}

}  // namespace

Action declare_import(Options& options) {
  const auto verb = std::make_shared<ImportVerb>();
  options.group("What to import");
  options.positional("FOLDER", verb->model,
                     "A released LLaDA, MMaDA, Dream, Lumina-DiMOO, Show-o, MDLM, BD3-LM or SEDD: config.json, tokenizer.json "
                     "and safetensors; or a GGUF file of LLaDA or Dream");
  options.value("--tokenizer", "FILE", verb->tokenizer,
                "Its tokenizer.json (default the one beside the model; Show-o's is that of phi-1.5, that of MDLM, BD3-LM and "
                "SEDD GPT-2's)");
  options.value("--image-tokenizer", "FOLDER", verb->image_tokenizer,
                "Its image tokenizer (models with pictures need one): MMaDA's is a released MAGVIT-v2, Lumina-DiMOO's the "
                "folder vqvae, which is found beside the model");
  options.group("What to make of it");
  options.value("-o,--output", "FOLDER", verb->output, "The model folder; an interrupted import goes on");
  options.value("--type", "TYPE", verb->type,
                "Of the blocks' matrices: f32, bf16, f16, q8_0, q4_0, q4_1 (default bf16)");
  options.value("--keep-type", "TYPE", verb->keep_type, "Of embedding and head (default bf16); norms stay f32");
  options.value("--keep-blocks", "N", verb->keep_blocks,
                "The first and the last N blocks have the type of the embedding too (default 0)");
  options.value("--text-length", "N", verb->text_length,
                "MMaDA, Show-o: words in front of a picture, as in its training (default 512 and 128)");
  options.value("--grid", "N", verb->grid,
                "Codes along each side of a picture, or ROWSxCOLUMNS (default MMaDA, Show-o: as config.json says; "
                "Lumina-DiMOO: 64, which is 1024 x 1024 pixels)");
  options.group("How");
  options.value("-t,--threads", "N", verb->threads, "Threads; 0 = all processors (default 0)");
  options.flag("--dry-run", verb->dry_run, "Check everything, print the size on disk, and stop");
  options.flag("--json", verb->json, "A JSON object instead of the folder's name");
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
