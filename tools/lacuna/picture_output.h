#pragma once

#include <string>
#include <vector>

#include "vision/image.h"
#include "vision/png_text.h"

namespace lacuna::tools {

/// Checks that a picture can be written there before any work is done: the extension and the
/// folder.
void check_picture_output(const std::string& path);
/// Writes atomically, or as PNG to stdout for "-".
void write_picture(const std::string& path, const vision::Image8& picture,
                   const std::vector<vision::PngText>& texts = {});
/// Reads a picture file, or stdin for "-".
vision::Image8 read_picture(const std::string& path);
/// All of stdin. Throws Failure (kInputOutput), (kBadData) above `limit` bytes.
std::string read_stdin(std::size_t limit);

}  // namespace lacuna::tools
