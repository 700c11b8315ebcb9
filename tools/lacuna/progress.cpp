#include "tools/lacuna/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "runtime/weights/json.h"

namespace lacuna::tools {
namespace {

constexpr int kBarWidth = 24;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string bar(int step, int steps) {
  const int full = steps > 0 ? kBarWidth * std::clamp(step, 0, steps) / steps : kBarWidth;
  return "[" + std::string(std::size_t(full), '=') +
         std::string(std::size_t(kBarWidth - full), ' ') + "]";
}

}  // namespace

Progress::Progress(ProgressStyle style, std::string what)
    : style_(style), what_(std::move(what)), start_(std::chrono::steady_clock::now()) {
  if (style_ == ProgressStyle::automatic) {
    style_ = isatty(STDERR_FILENO) ? ProgressStyle::bar : ProgressStyle::none;
  }
}

Progress::~Progress() { finish(); }

void Progress::update(int step, int steps, int masked_left) {
  const double seconds = seconds_since(start_);
  const double rate = seconds > 0 ? step / seconds : 0;
  const double left = rate > 0 ? (steps - step) / rate : 0;
  if (style_ == ProgressStyle::json) {
    const weights::Json line = weights::Json::object()
                                   .set("job", what_)
                                   .set("step", step)
                                   .set("steps", steps)
                                   .set("masked_left", masked_left)
                                   .set("seconds", seconds)
                                   .set("seconds_left", left);
    std::fprintf(stderr, "%s\n", line.dump().c_str());
  } else if (style_ == ProgressStyle::bar) {
    std::fprintf(stderr, "\r%s %s %d/%d  %.1f it/s  ETA %.1f s  %d masked \x1b[K", what_.c_str(),
                 bar(step, steps).c_str(), step, steps, rate, left, masked_left);
    std::fflush(stderr);
    open_ = true;
  }
}

void Progress::erase() {
  if (std::exchange(open_, false)) std::fputs("\r\x1b[K", stderr);
}

void Progress::finish() {
  if (std::exchange(open_, false)) std::fputc('\n', stderr);
}

}  // namespace lacuna::tools
