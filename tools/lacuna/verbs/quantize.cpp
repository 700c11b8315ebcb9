#include <algorithm>
#include <cstdio>
#include <memory>

#include "runtime/evaluation/weight_comparison.h"
#include "runtime/generation/model.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/conversion.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json.h"
#include "runtime/weights/mapped_file.h"
#include "runtime/weights/quantization_policy.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/model_finder.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/system_info.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;
using weights::Json;

struct QuantizeVerb {
  std::vector<std::string> models;
  std::string output;
  std::string type = "q8_0";
  std::string sensitive_type = "q8_0";
  std::string sensitive = "embedding,head,first,last";
  std::vector<std::string> rules;
  std::int64_t max_shard = 2048;
  int compare = 2;
  std::int64_t seed = 42;
  bool json = false;
  ModelFlags device;
  LogFlags log;

  weights::QuantizationPolicy policy() const;
  std::vector<weights::TensorReport> convert(const fs::path& from);
  ExitCode run();
};

graph::DType type_of(const std::string& flag, const std::string& name) {
  try {
    return weights::weight_type_named(name);
  } catch (const std::invalid_argument&) {
    throw bad_flag(flag, "f32, bf16, f16, int8, q8_0, q4_0 or q4_1", "\"" + name + "\"");
  }
}

weights::QuantizationPolicy QuantizeVerb::policy() const {
  weights::QuantizationPolicy p;
  p.type = type_of("--type", type);
  p.sensitive_type = type_of("--sensitive-type", sensitive_type);
  p.sensitive.clear();
  for (std::size_t at = 0; at < sensitive.size();) {
    const std::size_t end = std::min(sensitive.find(',', at), sensitive.size());
    const std::string role = sensitive.substr(at, end - at);
    try {
      p.sensitive.push_back(weights::tensor_role_named(role));
    } catch (const std::invalid_argument&) {
      throw bad_flag("--sensitive", "a list of embedding, head, first, last, layer and other", "\"" + role + "\"");
    }
    at = end + 1;
  }
  for (const std::string& rule : rules) {
    const std::size_t equals = rule.rfind('=');
    if (equals == std::string::npos || equals == 0) throw bad_flag("--tensor-type", "PATTERN=TYPE", "\"" + rule + "\"");
    p.rules.push_back({rule.substr(0, equals), type_of("--tensor-type", rule.substr(equals + 1))});
  }
  return p;
}

bool is_weights_file(const fs::path& path) {
  const std::string name = path.filename().string(), extension = path.extension().string();
  return extension == ".safetensors" || name.ends_with(".index.json") || name.starts_with("conversion.journal") ||
         extension == ".bin" || extension == ".pt" || extension == ".pth" || name.starts_with(".");
}

/// What a model folder has beside its weights: configurations, tokenizer, card, and the picture coder whole.
void copy_the_rest(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    if (entry.is_directory() && entry.path().filename() == "image_tokenizer") {
      fs::create_directories(target);
      for (const auto& file : fs::directory_iterator(entry)) {
        if (!file.is_regular_file()) continue;
        const weights::MappedFile content(file.path());
        weights::write_file_atomic(target / file.path().filename(), content.bytes());
      }
    } else if (entry.is_regular_file() && !is_weights_file(entry.path())) {
      const weights::MappedFile content(entry.path());
      weights::write_file_atomic(target, content.bytes());
    }
  }
}

std::vector<weights::TensorReport> QuantizeVerb::convert(const fs::path& from) {
  const weights::QuantizationPolicy policy = this->policy();
  const std::shared_ptr<const weights::TensorSource> source = weights::open_tensor_source(from);
  const std::vector<std::string> names = source->names();
  const std::int64_t layers = weights::count_layers(names);
  std::vector<weights::ConversionTensor> tensors;
  for (const std::string& name : names) {
    const graph::DType dtype = policy.dtype_for(name, source->find(name)->shape, layers);
    tensors.push_back(weights::conversion_of(source, name, name, dtype));
  }
  weights::ConversionOptions options;
  options.max_shard_bytes = std::uint64_t(max_shard) << 20;
  options.threads = device.threads > 0 ? device.threads : usable_threads();
  const auto time = fs::last_write_time(source->path()).time_since_epoch().count();
  options.identity = fs::canonical(source->path()).string() + " " + std::to_string(fs::file_size(source->path())) + " " +
                     std::to_string(time);
  Progress progress(log.progress_style(), "quantize");
  options.progress = [&](const weights::TensorReport& report, std::size_t done, std::size_t total) {
    char line[160];
    std::snprintf(line, sizeof line, ": %s%s, %s, error %.3f %%", std::string(name_of(report.dtype)).c_str(),
                  report.shape.to_string().c_str(), mebibytes(double(report.bytes)).c_str(), 100 * report.relative_rms);
    if (log.verbose > 0) progress.erase();
    log.detail(report.name + line);
    progress.update(int(done), int(total), 0);
  };
  copy_the_rest(from, output);
  auto reports = weights::convert_tensors(output, tensors, options);
  progress.finish();
  return reports;
}

Json as_json(const weights::TensorReport& report) {
  Json shape = Json::array();
  for (const std::int64_t size : report.shape.sizes()) shape.push_back(size);
  return Json::object()
      .set("name", report.name)
      .set("shape", shape)
      .set("type", name_of(report.dtype))
      .set("bytes", report.bytes)
      .set("relative_rms", report.relative_rms)
      .set("largest_error", report.largest_error);
}

Json as_json(const evaluation::WeightComparison& c) {
  return Json::object()
      .set("positions", c.positions)
      .set("token_agreement", c.agreement)
      .set("log_likelihood", c.log_likelihood)
      .set("quantized_log_likelihood", c.other_log_likelihood)
      .set("divergence", c.divergence);
}

ExitCode QuantizeVerb::run() {
  if (models.size() != 1) throw Failure(kUsage, "name one model folder to quantise");
  if (output.empty()) throw Failure(kUsage, "name the folder to write with -o FOLDER");
  if (max_shard < 1) throw bad_flag("--max-shard-size", "an integer >= 1", std::to_string(max_shard));
  if (compare < 0) throw bad_flag("--compare", "an integer >= 0", std::to_string(compare));
  policy();
  const fs::path from = find_model(models.front());
  std::error_code error;
  if (fs::equivalent(from, output, error)) throw bad_flag("-o", "another folder than the model's", output);
  std::vector<weights::TensorReport> reports;
  try {
    reports = convert(from);
  } catch (const std::invalid_argument& broken) {
    throw Failure(kBadData, from.string() + ": " + without_function(broken.what()));
  }

  std::uint64_t bytes = 0;
  for (const auto& report : reports) bytes += report.bytes;
  Json result = Json::object().set("folder", output).set("bytes", bytes);
  Json list = Json::array();
  for (const auto& report : reports) list.push_back(as_json(report));
  result.set("tensors", list);

  std::ranges::stable_sort(reports, std::ranges::greater{}, &weights::TensorReport::relative_rms);
  log.info(std::to_string(reports.size()) + " tensors, " + mebibytes(double(bytes)) + "; largest relative errors:");
  for (std::size_t i = 0; i < std::min<std::size_t>(5, reports.size()); ++i) {
    char line[32];
    std::snprintf(line, sizeof line, "%7.3f %%  ", 100 * reports[i].relative_rms);
    log.info(line + std::string(name_of(reports[i].dtype)) + "  " + reports[i].name);
  }
  if (compare > 0) {
    const auto executor = device.make_executor(log);
    const auto model = generation::open_model(from, *executor);
    const auto made = std::make_shared<const weights::Checkpoint>(weights::Checkpoint::open(output));
    const auto c = evaluation::compare_weights(*model.family, *executor, model.checkpoint, made, compare, std::uint64_t(seed));
    char line[200];
    std::snprintf(line, sizeof line,
                  "beside the original on %lld positions: %.2f %% the same token, log-likelihood %.4f (%.4f before), "
                  "divergence %.5f nats",
                  static_cast<long long>(c.positions), 100 * c.agreement, c.other_log_likelihood, c.log_likelihood,
                  c.divergence);
    log.info(line);
    result.set("comparison", as_json(c));
  }
  print_result(json ? result.dump() : output);
  return kOk;
}

}  // namespace

Action declare_quantize(Options& options) {
  const auto verb = std::make_shared<QuantizeVerb>();
  options.group("Quantising");
  options.positional("MODEL", verb->models, "Model folder, or the name of one");
  options.value("-o,--output", "FOLDER", verb->output, "Where to; an interrupted run goes on there");
  options.value("--type", "TYPE", verb->type,
                "Of matrices: q8_0 (8.5 bits a weight), q4_1 (5), q4_0 (4.5), int8, bf16, f16, f32 (default q8_0)");
  options.value("--sensitive-type", "TYPE", verb->sensitive_type,
                "Of sensitive matrices, where that is finer than --type (default q8_0)");
  options.value("--sensitive", "ROLES", verb->sensitive,
                "What is sensitive: embedding, head, first and last layer, layer, other (default "
                "embedding,head,first,last; vectors stay f32 and filters bf16 always)");
  options.value("--tensor-type", "PATTERN=TYPE", verb->rules,
                "Type of tensors by name, * for any characters; may be repeated, the first that fits counts");
  options.value("--max-shard-size", "MIB", verb->max_shard, "Largest file of weights (default 2048)");
  options.value("--compare", "N", verb->compare,
                "Canvases on which to compare with the original; 0 = none (default 2)");
  options.value("-s,--seed", "N", verb->seed, "For these canvases (default 42)");
  options.flag("--json", verb->json, "Print every tensor's error and the comparison as JSON");
  verb->device.declare_device(options);
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
