// engine_bench [--json] [--shipped] [--cpu-time] [--only TEXT] [--threads N] [--repeats N] [--precision P] [suite...]: the engine's part of
// `lacuna bench`, without a model.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "tools/bench/run_bench.h"

namespace {

using lacuna::cpu::Precision;

Precision precision_of(std::string_view name) {
  for (Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    if (name == lacuna::cpu::name_of(precision)) return precision;
  }
  throw std::invalid_argument("expected f32, bf16 or int8, got " + std::string(name));
}

}  // namespace

int main(int argc, char** argv) try {
  lacuna::bench::BenchOptions options;
  options.progress = [](const std::string& name) { std::fprintf(stderr, "%s\n", name.c_str()); };
  bool json = false;
  std::vector<lacuna::bench::Suite> suites;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool more = i + 1 < argc;
    if (argument == "--json") {
      json = true;
    } else if (argument == "--shipped") {
      options.scale = lacuna::bench::Scale::shipped;
    } else if (argument == "--cpu-time") {
      options.clock = lacuna::bench::Clock::processor;
    } else if (argument == "--only" && more) {
      options.only = argv[++i];
    } else if (argument == "--threads" && more) {
      options.threads = std::atoi(argv[++i]);
    } else if (argument == "--repeats" && more) {
      options.repeats = std::atoi(argv[++i]);
    } else if (argument == "--precision" && more) {
      options.precisions = {precision_of(argv[++i])};
    } else {
      suites.push_back(lacuna::bench::suite_of(argument));
    }
  }
  if (!suites.empty()) options.suites = suites;
  const auto report = lacuna::bench::run_bench(options);
  std::printf("%s\n", json ? to_json(report).dump(2).c_str() : to_table(report).c_str());
  return report.passed() ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "engine_bench: %s\n", error.what());
  return 2;
}
