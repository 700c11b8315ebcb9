#include "runtime/laboratory/text_training.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>
#include <stdexcept>

#include "fusion/graph/philox.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::laboratory {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxTableBytes = 64 << 20;
constexpr int kMostLetters = 26;
constexpr int kPlantedLetters = 200'000;

/// A table of numbers with a head line.
struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;

  std::size_t column(const std::string& name) const {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) throw std::runtime_error("[lab] expected a column \"" + name + "\"");
    return std::size_t(found - names.begin());
  }
};

Table read_table(const fs::path& file) {
  std::istringstream lines(weights::read_regular_file(file, kMaxTableBytes));
  Table table;
  std::string line, cell;
  std::getline(lines, line);
  for (std::istringstream cells(line); std::getline(cells, cell, ',');) table.names.push_back(cell);
  while (std::getline(lines, line)) {
    std::vector<double> row;
    for (std::istringstream cells(line); std::getline(cells, cell, ',');) row.push_back(std::stod(cell));
    if (row.size() != table.names.size()) throw std::runtime_error("[lab] " + file.string() + ": expected whole rows");
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) throw std::runtime_error("[lab] " + file.string() + ": expected at least one row");
  return table;
}

}  // namespace

void TextTrainingOptions::validate() const {
  const auto require = [](bool ok, const std::string& expected) {
    if (!ok) throw std::invalid_argument("[lab] expected " + expected);
  };
  require(text_length >= 8 && text_length <= 1024, "a text length from 8 to 1024, got " + std::to_string(text_length));
  require(steps >= 20 && steps <= 10'000'000, "steps from 20 to 10000000, got " + std::to_string(steps));
  require(!text.empty() || chain.states <= kMostLetters,
          "at most " + std::to_string(kMostLetters) + " states, one letter each, got " + std::to_string(chain.states));
  require(width % heads == 0 && width / heads % 2 == 0, "a width of even heads");
}

std::vector<std::string> TextTrainingOptions::arguments(const fs::path& text_file, const fs::path& output) const {
  const auto number = [](auto value) { return std::to_string(value); };
  return {"denoiser", "--text", text_file.string(), "--output-dir", output.string(), "--device", "cpu", "--mixed-precision",
          "no", "--text-length", number(text_length), "--width", number(width), "--layers", number(layers), "--heads",
          number(heads), "--mlp-width", number(width * 8 / 3 / 8 * 8), "--train-batch-size", number(batch),
          "--learning-rate", number(learning_rate), "--lr-warmup-steps", number(std::max(1, steps / 20)),
          "--ema-decay", "0.98", "--validation-limit", number(validation_windows), "--sample-count",
          number(written_texts), "--log-steps", number(std::max(1, steps / 10)), "--checkpointing-steps", number(steps),
          "--export-dtype", "f32"};
}

TextRun read_text_run(const fs::path& folder, int step, int text_length) {
  TextRun run;
  const Table validation = read_table(folder / "validation.csv");
  for (const auto& row : validation.rows) {
    run.progress.emplace_back(row[validation.column("step")], row[validation.column("val_bits")]);
  }
  run.bits = run.progress.back().second;
  run.error = validation.rows.back()[validation.column("val_bits_error")];
  const Table train = read_table(folder / "train.csv");
  // The median over the lines of the log: the first holds the start of the program.
  std::vector<double> rates;
  for (const auto& row : train.rows) rates.push_back(row[train.column("samples_per_second")]);
  std::ranges::nth_element(rates, rates.begin() + std::ptrdiff_t(rates.size() / 2));
  run.training_tokens_per_second = rates[rates.size() / 2] * text_length;
  const std::string prefix = (folder / "samples" / ("step-" + std::to_string(step))).string();
  const Table windows = read_table(prefix + "-windows.csv");
  for (std::size_t c = 1; c < windows.names.size(); ++c) {
    run.windows.emplace_back();
    for (const auto& row : windows.rows) run.windows.back().push_back(row[c]);
  }
  const fs::path texts = prefix + "-texts.json";
  if (!fs::exists(texts)) return run;
  const weights::Json entries = weights::read_json_file(texts);
  for (const weights::Json& entry : entries.as_array()) {
    const auto value = [&](const char* key) {
      const weights::Json* member = entry.find(key);
      if (member == nullptr) throw std::runtime_error("[lab] " + texts.string() + ": expected \"" + key + "\"");
      return member->as_number();
    };
    Writing writing{int(value("calls")), value("tokens") / value("seconds"), value("unigram_entropy"), {}};
    if (entry.find("gen_ppl") != nullptr) writing.gen_ppl = value("gen_ppl");
    run.written.push_back(writing);
  }
  return run;
}

void write_planted_text(const ChainOptions& options, int letters, std::uint64_t seed, const fs::path& file) {
  // Two places are enough to know one step of the chain, which is the same whatever the length.
  ChainOptions pair = options;
  pair.length = 2;
  const PlantedChain chain(pair);
  std::vector<double> row(static_cast<std::size_t>(options.states));
  std::string text;
  int state = -1;
  for (int i = 0; i < letters; ++i) {
    const int before[] = {state, -1};
    chain.posterior(before, 1, row);
    state = PlantedChain::draw_from(row, graph::uniform_at(seed, graph::RandomStream::data, 1u << 30, std::uint32_t(i)));
    text += char('a' + state);
  }
  weights::write_file_atomic(file, std::string_view(text));
}

ExperimentText experiment_text(const TextTrainingOptions& options) {
  if (!options.text.empty()) return {options.text, {}};
  const fs::path file = options.folder / "planted.txt";
  write_planted_text(options.chain, kPlantedLetters, options.seed, file);
  ChainOptions window = options.chain;
  window.length = options.text_length;
  return {file, std::log2(PlantedChain(window).perplexity())};
}

}  // namespace lacuna::laboratory
