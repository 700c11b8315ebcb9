#pragma once

#include <optional>
#include <span>
#include <string>

#include "runtime/generation/pipeline.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/options.h"
#include "vision/image.h"

namespace lacuna::tools {

/// How a picture is shown while it is drawn.
struct PreviewFlags {
  std::optional<std::string> file;
  int interval = 1;
  bool visual = false;

  void declare(Options& options);
  bool wanted() const { return file || visual; }
  /// Throws Failure: a file that cannot be written, or chafa that is not there (kUnavailable).
  void check() const;
};

/// Shows canvases as they stand: in a file, in the terminal, or not at all.
class PictureView {
 public:
  PictureView(generation::Pipeline& pipeline, const PreviewFlags& flags, const LogFlags& log);
  void show(const generation::StepReport& report);

 private:
  vision::Image8 draw(std::span<const fusion::Canvas> canvases);
  void print(const vision::Image8& picture);

  generation::Pipeline& pipeline_;
  PreviewFlags flags_;
  bool in_place_ = false;
  bool colours_ = false;
  std::size_t lines_ = 0;  // of the picture that was printed last
};

}  // namespace lacuna::tools
