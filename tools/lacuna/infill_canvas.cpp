#include "tools/lacuna/infill_canvas.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "runtime/generation/masked_text.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/picture_output.h"
#include "tools/lacuna/prompts.h"
#include "vision/composite.h"
#include "vision/image_limits.h"

namespace lacuna::tools {
namespace {

constexpr int kWidestMargin = 16384;

vision::Margins parse_margins(const std::string& text) {
  std::array<int, 4> sides{};
  std::string rest = text;
  for (int i = 0; i < 4; ++i) {
    const std::size_t comma = rest.find(',');
    if ((comma == std::string::npos) != (i == 3)) {
      throw bad_flag("--outpaint", "four numbers of pixels LEFT,TOP,RIGHT,BOTTOM",
                     "\"" + text + "\"");
    }
    const std::int64_t side = parse_integer("--outpaint", rest.substr(0, comma));
    if (side < 0 || side > kWidestMargin) {
      throw bad_flag("--outpaint", "numbers from 0 to " + std::to_string(kWidestMargin),
                     std::to_string(side));
    }
    sides[std::size_t(i)] = int(side);
    rest.erase(0, comma == std::string::npos ? rest.size() : comma + 1);
  }
  if (sides == std::array<int, 4>{})
    throw bad_flag("--outpaint", "at least one side above 0", text);
  return {sides[0], sides[1], sides[2], sides[3]};
}

/// Puts the mask of the inner picture into that of the extended one.
void join(vision::PixelMask& outer, const vision::PixelMask& inner,
          const vision::Margins& margins) {
  for (int y = 0; y < inner.height(); ++y) {
    for (int x = 0; x < inner.width(); ++x) {
      if (inner.at(y, x)) outer.at(y + margins.top, x + margins.left) = 1;
    }
  }
}

}  // namespace

void InfillFlags::declare(Options& options) {
  options.group("What is known");
  options.value("-i,--init-img,--image", "FILE", init_image,
                "Picture to repaint or to write about; - for stdin");
  options.value(
      "--mask", "FILE", mask,
      "What to repaint, a picture of the same size: white, or transparent where it has alpha");
  options.flag("--mask-invert", mask_invert, "Repaint what the mask keeps and keep the rest");
  options.value("--mask-blur", "N", mask_blur,
                "Soft edge of N pixels, inside the mask (default 0)");
  options.value("--outpaint", "L,T,R,B", outpaint,
                "Add so many pixels left, top, right and bottom and paint them");
  options.value("-p,--prompt", "TEXT", prompt, "What is to be seen; - for stdin");
  options.value(
      "--text", "TEXT", text,
      "Text with gaps to fill: [MASK] is one token, [MASK:4] are four; - for stdin. With neither "
      "text nor prompt the words are filled as well");
}

void InfillFlags::check() const {
  if (prompt && text)
    throw Failure(kUsage, "--prompt and --text exclude each other; --text may have gaps");
  if (mask && !init_image) throw Failure(kUsage, "--mask needs a picture: add --init-img FILE");
  if (outpaint && !init_image)
    throw Failure(kUsage, "--outpaint needs a picture: add --init-img FILE");
  if (mask == "-") {
    throw Failure(kUsage, "--mask: is read from a file, not from stdin");
  }
  check_one_reads_stdin({init_image.value_or(""), prompt.value_or(""), text.value_or("")});
  if (mask_invert && !mask) throw Failure(kUsage, "--mask-invert needs --mask FILE");
  if (mask_blur < 0 || mask_blur > 4096) {
    throw bad_flag("--mask-blur", "an integer from 0 to 4096", std::to_string(mask_blur));
  }
  if (init_image && !mask && !outpaint && !(text && fills_text())) {
    throw Failure(kUsage,
                  "nothing to fill: give --mask or --outpaint for the picture, or --text with "
                  "[MASK] for words "
                  "(lacuna caption writes a whole text)");
  }
}

InfillInput InfillFlags::read() const {
  InfillInput input;
  if (prompt) input.text = prompt_text("--prompt", *prompt);
  if (text) input.text = prompt_text("--text", *text);
  if (!init_image) return input;
  input.picture = read_picture(*init_image);
  if (mask) {
    vision::RegionMask region =
        vision::read_region_mask(*mask, input.picture->size(), {mask_invert});
    if (region.nothing_masked() && !outpaint) {
      throw Failure(kBadData,
                    *mask + ": the mask is empty, nothing would be repainted; expected " +
                        (region.channel == vision::MaskChannel::alpha ? "transparent" : "white") +
                        " pixels where the picture is to change" +
                        (mask_invert ? "" : ", or add --mask-invert"));
    }
    input.mask = std::move(region.pixels);
  }
  if (outpaint) {
    const vision::Margins margins = parse_margins(*outpaint);
    const std::int64_t height = std::int64_t(input.picture->height()) + margins.top + margins.bottom;
    const std::int64_t width = std::int64_t(input.picture->width()) + margins.left + margins.right;
    if (height * width > vision::ImageLimits::kPixelCeiling) {
      throw bad_flag("--outpaint",
                     "margins that make at most " +
                         std::to_string(vision::ImageLimits::kPixelCeiling) + " pixels in all",
                     std::to_string(width) + "x" + std::to_string(height));
    }
    vision::ExtendedPicture extended = vision::extend(*input.picture, margins);
    if (input.mask) join(extended.mask, *input.mask, margins);
    input.picture = std::move(extended.picture);
    input.mask = std::move(extended.mask);
  }
  return input;
}

InfillCanvas::InfillCanvas(const InfillInput& input, const generation::Model& model)
    : input_(input) {
  if (input.text) {
    request_.text =
        generation::encode_masked_text(*model.text, model.family->tokens(), *input.text);
  }
  if (!input.picture) return;
  const vision::Size canvas = model.picture_size();
  box_ = vision::letterbox(input.picture->size(), canvas);
  request_.picture = vision::fit(*input.picture, *box_, {255, 255, 255});
  if (!input.mask) return;
  const auto& sizes = model.family->sizes();
  request_.repaint =
      vision::code_mask(vision::fit(*input.mask, *box_), {sizes.grid_height, sizes.grid_width});
}

std::string InfillCanvas::mask_line() const {
  const double percent =
      100.0 * double(vision::count_set(*input_.mask)) / double(input_.mask->count());
  char line[96];
  std::snprintf(line, sizeof line, "mask: %.1f %% of the pixels, %zu of %zu codes", percent,
                vision::count_set(*request_.repaint), request_.repaint->count());
  return line;
}

vision::Image8 InfillCanvas::finish(const vision::Image& generated, int blur) const {
  if (!input_.picture) return vision::to_image8(generated);
  const vision::Image8 mapped = vision::map_back(generated, *box_, *input_.picture);
  return vision::composite(*input_.picture, mapped, *input_.mask, {blur});
}

}  // namespace lacuna::tools
