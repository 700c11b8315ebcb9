#include "tools/bench/against_torch.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <stdexcept>

#include "fusion/models/denoiser_graph.h"
#include "runtime/cpu/cpu_executor.h"
#include "tools/bench/random_source.h"
#include "tools/bench/timing.h"

namespace lacuna::bench {
namespace {

using graph::DType;
using graph::HostTensor;
using weights::Json;

constexpr std::int64_t kRoom = 512, kWords = 40, kCodes = 1024;  // positions of words and of the picture
constexpr std::int64_t kMasked = 686;                            // on average, with the cosine schedule
constexpr float kGuidance = 4.5f;

struct Model {
  const char* name;
  int width, heads, layers, mlp;
  std::int32_t vocabulary, codebook;
};

struct Case {
  Model model;
  cpu::Precision precision, torch_precision;
  double goal;
};

constexpr Model kLikeEight = {"8B-like, 2 layers of 4096", 4096, 32, 2, 12288, 134656 / 16, 8192 / 16};
constexpr Model kNarrow = {"8 layers of 512", 512, 8, 8, 1536, 134656, 8192};

std::vector<Case> cases() {
  using enum cpu::Precision;
  return {{kLikeEight, f32, f32, 1.5},  {kLikeEight, bf16, bf16, 1.5}, {kLikeEight, int8, bf16, 2.5},
          {kNarrow, f32, f32, 3.5},     {kNarrow, bf16, bf16, 3.5}};
}

double load_average() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

/// The graph of one step as a denoiser builds it: the branch with the words and the one without, unpadded.
graph::Graph step_of(const Model& m) {
  fusion::TransformerConfig config;
  config.vocabulary = m.vocabulary;
  config.width = m.width;
  config.layers = m.layers;
  config.heads = config.kv_heads = m.heads;
  config.head_dim = m.width / m.heads;
  config.mlp_width = m.mlp;
  config.rope_theta = 500000.0f;
  config.rope_sections = {config.head_dim / 2};
  fusion::TokenSpace tokens;
  tokens.size = m.vocabulary;
  tokens.text = {0, m.vocabulary};
  tokens.image = {m.vocabulary - m.codebook, m.codebook};
  fusion::DenoiserShape shape;
  shape.segments = {kWords + 2 + kCodes, 3 + 2 + kCodes};
  shape.image = {kMasked, true};
  return build_denoiser(config, tokens, fusion::llama_names(), shape);
}

std::vector<HostTensor> inputs_of(const graph::Graph& graph, const Model& m) {
  std::vector<HostTensor> inputs;
  for (const graph::ValueId id : graph.inputs) {
    const graph::ValueInfo& info = graph.value(id);
    HostTensor tensor = random_tensor(info.dtype, info.shape, m.vocabulary);
    if (info.name == "positions") std::iota(tensor.i32().begin(), tensor.i32().end(), 0);
    if (info.name == "image_rows") std::iota(tensor.i32().begin(), tensor.i32().end(), std::int32_t(kWords));
    if (info.name == "image_unconditional_rows") {
      std::iota(tensor.i32().begin(), tensor.i32().end(), std::int32_t(kWords + 2 + kCodes + 3));
    }
    if (info.name == "image_sampling") std::ranges::copy(std::vector{1.0f, kGuidance, 0.0f, 1.0f}, tensor.f32().begin());
    if (info.name == "image_keys") {
      for (std::size_t i = 4; i < tensor.i32().size(); i += 5) tensor.i32()[i] = -1;  // nothing is banned
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

/// Milliseconds of one step, the fastest of some.
double measure(const Model& model, const graph::Graph& graph, cpu::CpuExecutor& executor, const TorchOptions& options) {
  const auto plan = executor.prepare(graph, std::make_shared<const RandomSource>(graph));
  const std::vector<HostTensor> inputs = inputs_of(graph, model);
  std::vector<HostTensor> outputs;
  for (const graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  return time_calls(options.repeats, options.clock, [&] { plan->run(inputs, outputs); }).fastest;
}

struct TorchResult {
  double milliseconds = 0, tflop = 0;
  std::string version;
};

TorchResult run_torch(const Case& c, const TorchOptions& options, int threads) {
  const Model& m = c.model;
  std::vector<std::string> arguments;
  const auto add = [&](const char* name, auto value) {
    arguments.emplace_back(name);
    arguments.push_back(std::to_string(value));
  };
  add("--width", m.width);
  add("--heads", m.heads);
  add("--layers", m.layers);
  add("--mlp", m.mlp);
  add("--vocabulary", m.vocabulary);
  add("--codebook", m.codebook);
  add("--room", kRoom);
  add("--words", kWords);
  add("--codes", kCodes);
  add("--threads", threads);
  add("--repeats", options.repeats);
  arguments.insert(arguments.end(), {"--type", std::string(cpu::name_of(c.torch_precision)), "--clock",
                                     options.clock == Clock::wall ? "wall" : "cpu"});
  const auto printed = options.run_torch(arguments);
  if (!printed) throw std::runtime_error("torch_reference failed; run it to see why");
  const Json json = Json::parse(*printed);
  return {json.at("milliseconds").as_number(), json.at("tflop").as_number(), json.at("torch").as_string()};
}

}  // namespace

TorchReport compare_with_torch(const TorchOptions& options) {
  if (options.repeats < 1 || options.repeats > 1000) {
    throw std::invalid_argument("[bench] expected 1 to 1000 repeats, got " + std::to_string(options.repeats));
  }
  TorchReport report;
  report.load_before = load_average();
  report.threads = cpu::CpuExecutor({cpu::Precision::f32, options.threads}).threads();
  const auto say = [&](const std::string& line) {
    if (options.progress) options.progress(line);
  };
  for (const Case& c : cases()) {
    TorchRow row;
    row.name = c.model.name;
    row.precision = cpu::name_of(c.precision);
    row.torch_precision = cpu::name_of(c.torch_precision);
    row.goal = c.goal;
    if ((row.name + " " + row.precision).find(options.only) == std::string::npos) continue;
    try {
      say(row.name + ", PyTorch in " + row.torch_precision);
      const TorchResult before = run_torch(c, options, report.threads);
      say(row.name + ", here in " + row.precision);
      cpu::CpuExecutor executor({c.precision, options.threads});
      if (executor.precision() != c.precision) throw std::runtime_error("this processor does not compute in it");
      const graph::Graph graph = step_of(c.model);
      row.milliseconds = measure(c.model, graph, executor, options);
      row.tflop = graph.flops() * 1e-12;
      say(row.name + ", PyTorch again");
      const TorchResult after = run_torch(c, options, report.threads);
      row.torch_milliseconds = std::min(before.milliseconds, after.milliseconds);
      row.torch_tflop = before.tflop;
      report.torch = before.version;
    } catch (const std::runtime_error& error) {
      row.note = error.what();
    }
    report.rows.push_back(std::move(row));
  }
  report.load_after = load_average();
  return report;
}

Json to_json(const TorchReport& report) {
  Json rows = Json::array();
  for (const TorchRow& row : report.rows) {
    Json json = Json::object()
                    .set("case", row.name)
                    .set("precision", row.precision)
                    .set("torch_precision", row.torch_precision)
                    .set("goal", row.goal);
    if (row.note.empty()) {
      json.set("milliseconds", row.milliseconds).set("tflop", row.tflop);
      json.set("torch_milliseconds", row.torch_milliseconds).set("torch_tflop", row.torch_tflop);
      json.set("ratio", row.ratio()).set("reached", row.ratio() >= row.goal);
    } else {
      json.set("note", row.note);
    }
    rows.push_back(std::move(json));
  }
  return Json::object()
      .set("threads", report.threads)
      .set("torch", report.torch)
      .set("load_before", report.load_before)
      .set("load_after", report.load_after)
      .set("cases", std::move(rows));
}

std::string to_table(const TorchReport& report) {
  char line[200];
  std::snprintf(line, sizeof line, "%d threads, PyTorch %s, load %.1f -> %.1f\n\n", report.threads,
                report.torch.c_str(), report.load_before, report.load_after);
  std::string text = line;
  std::snprintf(line, sizeof line, "%-28s %-5s %10s %8s   %-5s %10s %8s   %6s %6s\n", "one step with guidance", "here",
                "ms", "TFLOP", "torch", "ms", "TFLOP", "times", "goal");
  text += line;
  for (const TorchRow& row : report.rows) {
    if (!row.note.empty()) {
      text += row.name + " " + row.precision + ": " + row.note + "\n";
      continue;
    }
    std::snprintf(line, sizeof line, "%-28s %-5s %10.0f %8.3f   %-5s %10.0f %8.3f   %6.2f %6.1f%s\n", row.name.c_str(),
                  row.precision.c_str(), row.milliseconds, row.tflop, row.torch_precision.c_str(),
                  row.torch_milliseconds, row.torch_tflop, row.ratio(), row.goal,
                  row.ratio() >= row.goal ? "" : "  not reached");
    text += line;
  }
  return text;
}

}  // namespace lacuna::bench
