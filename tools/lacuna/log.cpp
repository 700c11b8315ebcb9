#include "tools/lacuna/log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tools/lacuna/failure.h"

namespace lacuna::tools {

void LogFlags::declare(Options& options) {
  options.group("What is said on stderr");
  options.count("-v,--verbose", verbose, "Say more: times, memory needed and used");
  options.flag("-q,--quiet", quiet, "Say nothing but errors");
  options.value("--progress", "HOW", progress,
                "auto (a bar on a terminal), bar, json (one object a line) or none (default auto)");
  options.flag("--no-progress", no_progress, "The same as --progress=none");
  options.flag("--no-color,--no-colour", no_color, "No colours; so does the variable NO_COLOR");
}

void LogFlags::check() const {
  for (const char* known : {"auto", "bar", "json", "none"}) {
    if (progress == known) return;
  }
  throw bad_flag("--progress", "auto, bar, json or none", "\"" + progress + "\"");
}

ProgressStyle LogFlags::progress_style() const {
  if (no_progress || progress == "none") return ProgressStyle::none;
  if (progress == "json") return ProgressStyle::json;
  if (progress == "bar") return ProgressStyle::bar;
  return quiet ? ProgressStyle::none : ProgressStyle::automatic;
}

bool LogFlags::colours() const {
  const char* no = std::getenv("NO_COLOR");
  return !no_color && (no == nullptr || *no == '\0') && isatty(STDERR_FILENO);
}

void LogFlags::info(const std::string& line) const {
  if (!quiet) print_error(line);
}

void LogFlags::detail(const std::string& line) const {
  if (verbose > 0 && !quiet) print_error(line);
}

void LogFlags::warn(const std::string& line) const { info("lacuna: warning: " + line); }

void print_error(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

void print_bytes(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) flush_results();
}

void print_result(const std::string& line) {
  print_bytes(line);
  print_bytes("\n");
}

void flush_results() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    const int error = errno;
    throw Failure(kInputOutput, std::string("cannot write to stdout") +
                                    (error ? std::string(": ") + std::strerror(error) : ""));
  }
}

std::string mebibytes(double bytes) {
  char text[32];
  const bool small = bytes < (1 << 20);
  std::snprintf(text, sizeof text, "%.1f %s", bytes / (small ? 1 << 10 : 1 << 20),
                small ? "KiB" : "MiB");
  return text;
}

}  // namespace lacuna::tools
