#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/laboratory/planted_chain.h"

namespace lacuna::laboratory {

/// Runs the trainer with these arguments to its end; false when it was stopped. Throws where it fails. The laboratory
/// itself has no part that trains.
using Trainer = std::function<bool(const std::vector<std::string>& arguments)>;

/// Size of the models of text that an experiment trains, and the text.
struct TextTrainingOptions {
  std::filesystem::path text;    // a text file or a folder of shards; empty = letters of a planted chain
  std::filesystem::path folder;  // exists; runs are written there
  ChainOptions chain{24, 32, 2.0};  // of the planted text; its length is the window's
  int text_length = 32;
  int width = 96;
  int layers = 3;
  int heads = 3;
  int steps = 800;
  int batch = 24;
  double learning_rate = 3e-3;
  int validation_windows = 400;
  int written_texts = 32;
  std::uint64_t seed = 1;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
  /// The arguments that all runs share.
  std::vector<std::string> arguments(const std::filesystem::path& text_file, const std::filesystem::path& output) const;
};

/// What writing texts cost and how they look.
struct Writing {
  int calls = 0;  // of the network for one text
  double tokens_per_second = 0;
  double unigram_entropy = 0;
  std::optional<double> gen_ppl;
};

/// What a run left behind.
struct TextRun {
  double bits = 0, error = 0;                      // bits a token of held-out text, by the objective's own measure
  double training_tokens_per_second = 0;
  std::vector<std::vector<double>> windows;        // nats a token of each held-out window, by measure
  std::vector<std::pair<double, double>> progress; // step and bits
  std::vector<Writing> written;
};

/// Reads the run folder of `lacuna-train denoiser --text`, which ended at `step`. Throws weights::IoError,
/// std::runtime_error for files of another shape.
TextRun read_text_run(const std::filesystem::path& folder, int step, int text_length);

/// Writes `letters` states of a chain as letters from 'a' (at most 26 states), one stationary sequence.
void write_planted_text(const ChainOptions& chain, int letters, std::uint64_t seed, const std::filesystem::path& file);

/// The text of an experiment: the user's, or a planted one written into the folder; and the planted text's own bits a
/// token for windows of the options' length, which no model's expectation goes below.
struct ExperimentText {
  std::filesystem::path file;
  std::optional<double> floor;
};
ExperimentText experiment_text(const TextTrainingOptions& options);

}  // namespace lacuna::laboratory
