#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/weights/json.h"
#include "tools/bench/timing.h"

namespace lacuna::bench {

/// One step of a text-to-image run under guidance: this engine's work beside the reference sampler's in PyTorch.
struct TorchRow {
  std::string name;
  std::string precision;        // of this engine
  std::string torch_precision;
  double milliseconds = 0;
  double torch_milliseconds = 0;
  double tflop = 0;             // of this engine's graph (Graph::flops)
  double torch_tflop = 0;       // of what PyTorch computes, by the same counts
  double goal = 0;              // times faster
  std::string note;             // why there is no figure

  double ratio() const { return milliseconds > 0 ? torch_milliseconds / milliseconds : 0; }
};

struct TorchReport {
  int threads = 0;
  double load_before = 0, load_after = 0;
  std::string torch;  // its version
  std::vector<TorchRow> rows;
};

struct TorchOptions {
  int threads = 0;  // 0 = what OpenMP offers
  int repeats = 3;
  Clock clock = Clock::wall;  // of both sides
  std::string only;           // cases whose name or precision contains this; empty = all
  /// Runs torch_reference with these arguments and returns what it printed; nothing when it failed.
  std::function<std::optional<std::string>(const std::vector<std::string>& arguments)> run_torch;
  /// Called with the name of each measurement before it is made; may be empty.
  std::function<void(const std::string&)> progress;
};

/// Blocks of LLaDA with random weights in two sizes. "8B-like": 4096 wide, 2 of the 32 layers, and so a sixteenth of
/// the vocabulary, which leaves the shares of blocks, attention and head as they are; "width 512": 8 layers with the
/// whole vocabulary. 512 words of room, 40 of them used, 1024 codes of which two thirds are masked, guidance. PyTorch
/// does what the reference sampler does: both branches padded to 1539 positions, logits for every position over the
/// whole vocabulary, guidance over all of them. PyTorch is measured before and after this engine; the fastest counts,
/// on both sides. Throws std::invalid_argument for options out of range.
TorchReport compare_with_torch(const TorchOptions& options);

weights::Json to_json(const TorchReport& report);
std::string to_table(const TorchReport& report);

}  // namespace lacuna::bench
