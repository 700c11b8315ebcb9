#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vision/image.h"
#include "vision/tiling.h"

namespace lacuna::vision {

/// How words are drawn: OpenCV's built-in line font (Hershey simplex), smoothed.
struct Lettering {
  int height = 10;  ///< of a capital letter in pixels, at least 4
  Rgb8 ink = {60, 60, 64};
};

/// The width in pixels of one line of text.
int text_width(std::string_view text, const Lettering& lettering);

/// The distance between the tops of two lines, room for tails of letters included.
int line_height(const Lettering& lettering);

/// UTF-8 as printable ASCII: typographic quotes and dashes by their plain forms, other characters
/// as '?', control characters as spaces.
std::string plain_letters(std::string_view text);

/// Breaks at spaces, and inside words longer than a line; what does not fit into `max_lines` is cut
/// and ends in "...". At least one letter a line. Text is plain ASCII.
std::vector<std::string> wrap_text(std::string_view text, int width, int max_lines,
                                   const Lettering& lettering);

/// Draws one line of plain ASCII on a 3-channel canvas, its top left corner at (top, left); what
/// would lie outside is left out.
void draw_text(Image8& canvas, std::string_view text, int top, int left,
               const Lettering& lettering);

}  // namespace lacuna::vision
