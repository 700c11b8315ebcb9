#pragma once

#include <memory>
#include <string>

#include "tools/lacuna/options.h"
#include "tools/lacuna/progress.h"

namespace lacuna::tools {

/// How much a verb says on stderr, and in which form.
struct LogFlags {
  int verbose = 0;
  bool quiet = false;
  bool no_progress = false;
  bool no_color = false;
  std::string progress = "auto";

  void declare(Options& options);
  /// Throws Failure for an unknown --progress.
  void check() const;
  ProgressStyle progress_style() const;
  /// Whether stderr is a terminal that wants colours.
  bool colours() const;

  /// One line on stderr: always unless quiet; with -v only.
  void info(const std::string& line) const;
  void detail(const std::string& line) const;
  /// One line on stderr, "lacuna: warning: ...", unless quiet.
  void warn(const std::string& line) const;
};

/// A line on stderr, whatever the flags.
void print_error(const std::string& line);
/// Bytes or a line to stdout. Throws Failure (kInputOutput) when it cannot be written.
void print_result(const std::string& line);
void print_bytes(std::string_view bytes);
/// Throws as print_result does if anything printed so far could not be written.
void flush_results();

/// "12.3 MiB", or "12.3 KiB" where that is less than one.
std::string mebibytes(double bytes);

}  // namespace lacuna::tools
