#include "tools/lacuna/picture_view.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "tools/lacuna/child_process.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/output_path.h"
#include "vision/image_io.h"
#include "vision/preview.h"
#include "vision/tiling.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;

/// A PNG file that is gone again at the end of the scope.
class TemporaryPicture {
 public:
  explicit TemporaryPicture(const vision::Image8& picture)
      : path_(fs::temp_directory_path() / ("lacuna-preview-" + std::to_string(getpid()) + ".png")) {
    vision::write_image(path_, picture);
  }
  TemporaryPicture(TemporaryPicture&&) = delete;
  ~TemporaryPicture() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

void PreviewFlags::declare(Options& options) {
  options.group("Watching");
  options.value("--preview", "FILE", file,
                "Write the picture as it stands after each step, what is masked hatched");
  options.value("--preview-interval", "N", interval, "Only after every Nth step (default 1)");
  options.flag("--visual", visual, "Show it in the terminal; needs the program chafa");
}

void PreviewFlags::check() const {
  if (interval < 1)
    throw bad_flag("--preview-interval", "an integer >= 1", std::to_string(interval));
  if (file) {
    try {
      vision::format_of_extension(*file);
    } catch (const vision::ImageError& error) {
      throw Failure(kBadValue, std::string("--preview: ") + error.what());
    }
    check_writable(*file);
  }
  if (visual && !find_program("chafa")) {
    throw Failure(
        kUnavailable,
        "--visual: the program chafa is not installed; get it with `apt install chafa`, or use "
        "--preview FILE and an image viewer");
  }
}

PictureView::PictureView(generation::Pipeline& pipeline, const PreviewFlags& flags,
                         const LogFlags& log)
    : pipeline_(pipeline),
      flags_(flags),
      in_place_(isatty(STDERR_FILENO) == 1),
      colours_(log.colours()) {}

void PictureView::show(const generation::StepReport& report) {
  if (!flags_.wanted() || (report.step % flags_.interval != 0 && report.masked_left > 0)) return;
  const vision::Image8 picture = draw(report.canvases);
  if (flags_.file) vision::write_image(*flags_.file, picture);
  if (flags_.visual) print(picture);
}

vision::Image8 PictureView::draw(std::span<const fusion::Canvas> canvases) {
  std::vector<vision::Image8> pictures;
  for (const fusion::Canvas& canvas : canvases) {
    vision::CodeMask masked;
    const vision::Image image = pipeline_.decode(canvas, masked);
    pictures.push_back(vision::draw_preview(image, masked));
  }
  return pictures.size() == 1 ? std::move(pictures.front()) : vision::tile(pictures);
}

void PictureView::print(const vision::Image8& picture) {
  const auto chafa = find_program("chafa");
  if (!chafa) return;
  const TemporaryPicture file(picture);
  const auto text =
      capture(*chafa, {"--format=symbols", "--animate=off", "--size=48x24",
                       colours_ ? "--colors=full" : "--colors=none", file.path().string()});
  if (!text) return;
  if (in_place_ && lines_ > 0) std::fprintf(stderr, "\x1b[%zuA\r", lines_);
  std::fwrite(text->data(), 1, text->size(), stderr);
  lines_ = std::size_t(std::ranges::count(*text, '\n'));
}

}  // namespace lacuna::tools
