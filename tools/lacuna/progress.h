#pragma once

#include <chrono>
#include <string>

namespace lacuna::tools {

enum class ProgressStyle { automatic, bar, json, none };

/// One line on stderr that shows how far a job is: bar, step, steps a second, time left, tokens
/// left. JSON: one object a line. Automatic: a bar on a terminal, nothing else.
class Progress {
 public:
  Progress(ProgressStyle style, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(int step, int steps, int masked_left);
  /// Takes the line away, so that something else can be printed; `update` brings it back.
  void erase();
  /// Ends the line.
  void finish();

 private:
  ProgressStyle style_;
  std::string what_;
  std::chrono::steady_clock::time_point start_;
  bool open_ = false;
};

}  // namespace lacuna::tools
