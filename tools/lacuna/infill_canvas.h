#pragma once

#include <optional>
#include <string>

#include "runtime/generation/pipeline.h"
#include "tools/lacuna/options.h"
#include "vision/region_mask.h"
#include "vision/resize.h"

namespace lacuna::tools {

/// What is known and what is to be filled, read from the files.
struct InfillInput {
  std::optional<vision::Image8> picture;  // with margins where --outpaint adds them
  std::optional<vision::PixelMask> mask;  // of the picture's size
  std::optional<std::string> text;        // with gaps
};

/// The flags that say what is known.
struct InfillFlags {
  std::optional<std::string> init_image;
  std::optional<std::string> mask;
  std::optional<std::string> outpaint;
  std::optional<std::string> prompt;
  std::optional<std::string> text;
  bool mask_invert = false;
  int mask_blur = 0;

  void declare(Options& options);
  /// Throws Failure for flags that exclude or need each other, and when nothing is to be filled.
  void check() const;
  InfillInput read() const;

  bool draws_picture() const { return !init_image || mask || outpaint; }
  bool fills_text() const {
    return !prompt && (!text || *text == "-" || text->find("[MASK") != std::string::npos);
  }
  /// Neither words nor a picture are known.
  bool is_joint() const { return !init_image && !prompt && !text; }
};

/// The way from a picture of any size to the model's canvas and back.
class InfillCanvas {
 public:
  InfillCanvas(const InfillInput& input, const generation::Model& model);

  generation::InfillRequest request() const { return request_; }
  /// "mask: 12.5 % of the pixels, 20 of 64 codes".
  std::string mask_line() const;
  /// The filled picture at the original's size: generated pixels inside the mask, the original's
  /// bytes outside.
  vision::Image8 finish(const vision::Image& generated, int blur) const;

 private:
  InfillInput input_;
  std::optional<vision::Letterbox> box_;
  generation::InfillRequest request_;
};

}  // namespace lacuna::tools
