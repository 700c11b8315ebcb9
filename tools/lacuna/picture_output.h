#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vision/image.h"
#include "vision/png_text.h"

namespace lacuna::tools {

/// Of one run.
inline constexpr int kMostPictures = 10'000;
/// Pictures of one pass: enough to fill the processor, few enough for memory and for a quick
/// Ctrl-C.
inline constexpr std::size_t kPicturesAtOnce = 8;

/// Throws Failure (kBadValue) unless it is in [1, kMostPictures].
void check_batch_count(int count);
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
