#include "tools/lacuna/device_table.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "runtime/weights/json.h"
#include "tools/bench/device_bench.h"
#include "tools/bench/peak.h"
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
};

void add_rates(Column& column, const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log) {
  // All in float32 on every device, so that the columns compare.
  ModelFlags in_f32 = flags;
  in_f32.precision = "f32";
  const auto engine = in_f32.make_executor_on(column.device.id, log);
  const auto progress = [&](const std::string& name) { log.detail(column.device.id + ": " + name); };
  const auto ceiling = column.device.id == "cpu" ? bench::register_peak(cpu::Precision::f32, usable_threads(), bench::Clock::wall)
                                                 : runtime::fma_ceiling_of(column.device);
  if (ceiling) column.figures.push_back({"multiply-adds in registers, f32", "GFLOP/s", *ceiling});
  for (const bench::DeviceRate& rate : bench::device_rates(*engine, options.repeats, progress)) {
    if (!rate.note.empty()) {
      column.notes.push_back(rate.name + ": " + rate.note);
      continue;
    }
    column.figures.push_back({rate.name, "GFLOP/s", rate.gflops});
    if (ceiling) column.figures.push_back({rate.name + ", of registers", "%", 100.0 * rate.gflops / *ceiling});
  }
}

void add_model(Column& column, const ModelFlags& flags, const LogFlags& log) {
  OpenedModel opened = open_model_on(column.device.id, flags, log);
  log.detail(column.device.id + ": model");
  seconds_of_a_step(opened);
  const auto before = runtime::counters_of(*opened.executor);
  column.step_seconds = seconds_of_a_step(opened);  // of its two steps the second one
  column.figures.push_back({"denoising step, one picture and text", "ms", 1000.0 * *column.step_seconds});
  if (const auto after = runtime::counters_of(*opened.executor); before && after) {
    column.figures.push_back({"waits of the processor a step", "", double(after->waits - before->waits) / 2});
    column.figures.push_back({"bytes in and out a step", "KiB", double(after->bytes - before->bytes) / 2 / 1024});
  }
  const std::vector<std::string> prompt{"3d emoji: goat"};
  const auto start = std::chrono::steady_clock::now();
  opened.pipeline->generate(prompt, generation::generate_defaults());
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  column.figures.push_back({"picture with guidance", "s", spent.count()});
  if (const auto counters = runtime::counters_of(*opened.executor)) {
    column.figures.push_back({"kernels compiled", "", double(counters->kernels)});
    column.figures.push_back({"compiling them", "ms", 1000.0 * counters->kernel_seconds});
  }
}

std::vector<Column> measure(const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log) {
  std::vector<Column> columns;
  for (runtime::ListedDevice device : runtime::list_devices().devices) {
    if (device.backend == "reference") continue;
    if (device.id == "cpu") device.name = processor_name();
    Column column;
    column.device = device;
    if (!device.missing.empty()) {
      column.notes.push_back("lacks " + device.missing);
    } else {
      try {
        add_rates(column, options, flags, log);
        if (options.with_model) add_model(column, flags, log);
      } catch (const graph::DeviceError& error) {
        column.notes.push_back(without_function(error.what()));
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
  return Json::object().set("devices", std::move(devices)).set("auto", automatic_of(columns));
}

}  // namespace

void print_device_table(const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log) {
  const std::vector<Column> columns = measure(options, flags, log);
  if (options.json) return print_result(to_json(columns).dump());
  print_table(columns);
  if (options.with_model) print_result("\n--device auto takes " + automatic_of(columns) + " for this model");
}

}  // namespace lacuna::tools
