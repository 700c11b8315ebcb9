#include "tools/lacuna/picture_output.h"

#include <cstdio>

#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/output_path.h"
#include "vision/image_io.h"

namespace lacuna::tools {

void check_batch_count(int count) {
  if (count < 1 || count > kMostPictures) {
    throw bad_flag("--batch-count", "an integer from 1 to " + std::to_string(kMostPictures),
                   std::to_string(count));
  }
}

void check_picture_output(const std::string& path) {
  if (path == "-") return;
  try {
    vision::format_of_extension(path);
  } catch (const vision::ImageError& error) {
    throw Failure(kBadValue, std::string("--output: ") + error.what());
  }
  check_writable(path);
}

void write_picture(const std::string& path, const vision::Image8& picture,
                   const std::vector<vision::PngText>& texts) {
  vision::EncodeOptions options;
  options.png_texts = texts;
  if (path != "-") return vision::write_image(path, picture, options);
  const auto bytes = vision::encode_image(picture, vision::ImageFormat::png, options);
  print_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string read_stdin(std::size_t limit) {
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, stdin)) {
    text.append(buffer, count);
    if (text.size() > limit) {
      throw Failure(kBadData, "stdin: expected at most " + std::to_string(limit) + " bytes");
    }
  }
  if (std::ferror(stdin)) throw Failure(kInputOutput, "stdin: cannot be read");
  return text;
}

vision::Image8 read_picture(const std::string& path) {
  if (path != "-") return vision::read_image(path).image;
  const std::string bytes = read_stdin(vision::ImageLimits{}.max_bytes);
  return vision::decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                              "stdin")
      .image;
}

}  // namespace lacuna::tools
