#include "tools/lacuna/device_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "runtime/weights/json.h"
#include "tools/bench/device_bench.h"
#include "tools/bench/peak.h"
#include "tools/bench/stopwatch_executor.h"
#include "tools/bench/yardsticks.h"
#include "tools/lacuna/automatic_device.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/system_info.h"

namespace lacuna::tools {
namespace {

using weights::Json;

/// One figure of one device.
struct Figure {
  std::string name;
  std::string unit;
  double value = 0.0;
};

struct Column {
  runtime::ListedDevice device;
  std::vector<Figure> figures;
  std::vector<std::string> notes;
  std::optional<double> step_seconds;
  bool failed = false;  // a case threw or was wrong
};

const std::vector<std::string> kPrompt{"3d emoji: goat"};

bool in_16_bits(const runtime::ListedDevice& device) {
  return std::ranges::find(device.features, "float16") != device.features.end();
}

void add_rates(Column& column, const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log) {
  // In float32 on every device, so that the columns compare; products also in 16 bits where a GPU has it.
  ModelFlags in_f32 = flags;
  in_f32.precision = "f32";
  const auto engine = in_f32.make_executor_on(column.device.id, log);
  const auto yardsticks = column.device.backend == "vulkan"
                              ? bench::vulkan_yardsticks(column.device.index, options.clock)
                              : bench::processor_yardsticks(usable_threads(), options.clock);
  yardsticks->ceiling();
  const bench::DeviceBenchOptions chosen{options.repeats, options.clock, options.suites, [&](const std::string& name) {
                                           log.detail(column.device.id + ": " + name);
                                         }};
  std::vector<bench::BenchRow> rows = bench::device_rows(*engine, bench::device_cases(), chosen);
  // Software Vulkan computes in f32 whatever is asked for.
  if (column.device.backend == "vulkan" && !column.device.software && in_16_bits(column.device)) {
    ModelFlags narrow = flags;
    narrow.precision = "bf16";
    const auto more = bench::device_rows(*narrow.make_executor_on(column.device.id, log), bench::device_cases_in_16_bits(), chosen);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  const std::optional<double> ceiling = yardsticks->ceiling();
  if (ceiling) column.figures.push_back({"multiply-adds in registers, f32", "GFLOP/s", *ceiling});
  std::map<std::string, double> rates;
  for (const bench::BenchRow& row : rows) {
    if (!row.note.empty()) {
      column.notes.push_back(row.name + ": " + row.note);
      column.failed = true;
      continue;
    }
    if (!row.gflops) {
      column.figures.push_back({row.name, "ms", row.timing.fastest});
      continue;
    }
    rates[row.name] = *row.gflops;
    column.figures.push_back({row.name, "GFLOP/s", *row.gflops});
    if (ceiling) column.figures.push_back({row.name + ", of registers", "%", 100.0 * *row.gflops / *ceiling});
    const auto product = rates.find("product f32 1024x1024x1024");
    if (row.suite == "attention" && product != rates.end()) {
      column.figures.push_back({row.name + ", of product f32", "%", 100.0 * *row.gflops / product->second});
    }
  }
  if (std::ranges::none_of(rows, [](const bench::BenchRow& row) { return row.suite == "gemm"; })) return;
  for (const std::int64_t size : {256, 1024}) {
    const auto tile = yardsticks->classic_tile(size, 1024, 1024);
    const std::string shape = std::to_string(size) + "x1024x1024";
    if (!tile) continue;
    column.figures.push_back({"classic tile f32 " + shape, "GFLOP/s", *tile});
    for (const char* type : {"f32", "f16", "int8"}) {
      const auto product = rates.find(std::string("product ") + type + " " + shape);
      if (product == rates.end()) continue;
      column.figures.push_back({product->first + ", of the classic tile", "x", product->second / *tile});
    }
  }
}

/// What a run of `lacuna generate` does in its steps, between the first and the last, when plans are there.
struct StepFigures {
  double seconds = 0.0;  // of a step
  double host = 0.0;     // of it, in which no engine works
  double passes = 0.0;
  double waits = 0.0;
  double bytes = 0.0;
};

StepFigures measure_steps(generation::Pipeline& pipeline, const bench::StopwatchExecutor& watch) {
  struct Moment {
    double seconds, working;
    std::int64_t runs;
    runtime::DeviceCounters counters;
  };
  std::vector<Moment> moments;
  pipeline.generate(kPrompt, generation::generate_defaults(), [&](const generation::StepReport&) {
    const auto counters = runtime::counters_of(watch.engine());
    // A device's engine copies and submits while nothing is computed: only its waits count as work.
    moments.push_back({bench::read_clock(bench::Clock::wall), counters ? counters->seconds : watch.seconds(), watch.runs(),
                       counters.value_or(runtime::DeviceCounters{})});
    return generation::Continue::yes;
  });
  const Moment &first = moments.front(), &last = moments.back();
  const double steps = double(std::max<std::size_t>(1, moments.size() - 1));
  StepFigures f;
  f.seconds = (last.seconds - first.seconds) / steps;
  f.host = f.seconds - (last.working - first.working) / steps;
  f.passes = double(last.runs - first.runs) / steps;
  f.waits = double(last.counters.waits - first.counters.waits) / steps;
  f.bytes = double(last.counters.bytes - first.counters.bytes) / steps;
  return f;
}

void add_model(Column& column, const ModelFlags& flags, const LogFlags& log) {
  auto watch = std::make_unique<bench::StopwatchExecutor>(flags.make_executor_on(column.device.id, log));
  const bench::StopwatchExecutor& stopwatch = *watch;
  OpenedModel opened = open_model_with(std::move(watch), flags, log);
  log.detail(column.device.id + ": model");
  column.step_seconds = seconds_of_a_step(opened);
  column.figures.push_back({"denoising step, one picture and text", "ms", 1000.0 * *column.step_seconds});
  const auto picture = [&] {
    const double start = bench::read_clock(bench::Clock::wall);
    opened.pipeline->generate(kPrompt, generation::generate_defaults());
    return bench::read_clock(bench::Clock::wall) - start;
  };
  column.figures.push_back({"first picture with guidance", "s", picture()});
  column.figures.push_back({"picture with guidance", "s", picture()});
  const StepFigures step = measure_steps(*opened.pipeline, stopwatch);
  column.figures.push_back({"step of that picture", "ms", 1000.0 * step.seconds});
  column.figures.push_back({"sampler and host in a step", "ms", 1000.0 * step.host});
  column.figures.push_back({"sampler and host, of a step", "%", 100.0 * step.host / step.seconds});
  if (const auto counters = runtime::counters_of(stopwatch.engine())) {
    column.figures.push_back({"waits of the processor a step", "", step.waits});
    column.figures.push_back({"bytes in and out a step", "KiB", step.bytes / 1024});
    column.figures.push_back({"kernels compiled", "", double(counters->kernels)});
    column.figures.push_back({"compiling them", "ms", 1000.0 * counters->kernel_seconds});
  }
}

std::vector<Column> measure(const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log) {
  const runtime::DeviceList list = runtime::list_devices();
  const runtime::ListedDevice chosen =
      options.device == "all" ? runtime::ListedDevice{} : runtime::find_device(options.device, list.devices);
  std::vector<Column> columns;
  for (runtime::ListedDevice device : list.devices) {
    if (options.device == "all" ? device.backend == "reference" : device.id != chosen.id) continue;
    if (device.id == "cpu") device.name = processor_name();
    Column column;
    column.device = device;
    if (!device.missing.empty()) {
      column.notes.push_back("lacks " + device.missing);
    } else {
      try {
        if (options.with_rates) add_rates(column, options, flags, log);
        if (options.with_model) add_model(column, flags, log);
      } catch (const graph::DeviceError& error) {
        column.notes.push_back(without_function(error.what()));
        column.failed = true;
      }
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

/// Which device `auto` takes: it does not ask software Vulkan.
std::string automatic_of(const std::vector<Column>& columns) {
  std::vector<MeasuredDevice> measured;
  for (const Column& column : columns) {
    if (!column.device.software) measured.push_back({column.device.id, column.step_seconds});
  }
  return measured.empty() ? "" : measured[fastest(measured)].device;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 && value != std::floor(value) ? "%.2f" : "%.0f", value);
  return text;
}

std::string padded(std::string text, std::size_t width) {
  text.append(text.size() < width ? width - text.size() : 1, ' ');
  return text;
}

void print_table(const std::vector<Column>& columns) {
  std::vector<std::pair<std::string, std::string>> rows;  // name and unit, in the order of appearance
  for (const Column& column : columns) {
    for (const Figure& figure : column.figures) {
      const std::pair<std::string, std::string> row{figure.name, figure.unit};
      if (std::ranges::find(rows, row) == rows.end()) rows.push_back(row);
    }
  }
  std::size_t widest = 10;
  for (const auto& row : rows) widest = std::max(widest, row.first.size());
  std::string head = padded("", widest + 2) + padded("unit", 9);
  for (const Column& column : columns) {
    print_result(column.device.id + ": " + column.device.name + " (" + column.device.kind + ")");
    for (const std::string& note : column.notes) print_result("  " + note);
    head += padded(column.device.id, 12);
  }
  print_result("\n" + head);
  for (const auto& [name, unit] : rows) {
    std::string line = padded(name, widest + 2) + padded(unit, 9);
    for (const Column& column : columns) {
      const auto found = std::ranges::find_if(
          column.figures, [&](const Figure& f) { return f.name == name && f.unit == unit; });
      line += padded(found == column.figures.end() ? "-" : number(found->value), 12);
    }
    print_result(line);
  }
}

Json to_json(const std::vector<Column>& columns) {
  Json devices = Json::array();
  for (const Column& column : columns) {
    Json figures = Json::array(), notes = Json::array();
    for (const Figure& f : column.figures) {
      figures.push_back(Json::object().set("name", f.name).set("unit", f.unit).set("value", f.value));
    }
    for (const std::string& note : column.notes) notes.push_back(note);
    devices.push_back(Json::object()
                          .set("id", column.device.id)
                          .set("name", column.device.name)
                          .set("kind", column.device.kind)
                          .set("driver", column.device.driver)
                          .set("figures", std::move(figures))
                          .set("notes", std::move(notes)));
  }
  Json table = Json::object().set("devices", std::move(devices));
  if (const std::string chosen = automatic_of(columns); columns.size() > 1 && !chosen.empty()) table.set("auto", chosen);
  return table;
}

}  // namespace

bool print_device_table(const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log) {
  double load = 0.0;
  if (getloadavg(&load, 1) != 1) load = 0.0;
  const std::vector<Column> columns = measure(options, flags, log);
  const bool passed = std::ranges::none_of(columns, &Column::failed);
  if (options.json) {
    print_result(to_json(columns).set("load_before", load).set("passed", passed).dump());
    return passed;
  }
  print_table(columns);
  print_result("\nload " + number(load) + (options.clock == bench::Clock::wall ? "" : ", rates by time of the processor"));
  if (options.with_model && options.device == "all") print_result("\n--device auto takes " + automatic_of(columns) + " for this model");
  return passed;
}

}  // namespace lacuna::tools
