#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/generation/job_options.h"
#include "runtime/weights/json.h"
#include "vision/image.h"
#include "vision/png_text.h"

namespace lacuna::tools {

/// Everything that decides one drawn picture; no dates, so that the same settings make the same
/// file.
struct PictureSettings {
  std::string job = "generate";
  std::string prompt;
  generation::JobOptions options;  // options.seed is this picture's own
  std::string model;
  std::string model_sha256;
  std::string device;
  std::string precision;
};

weights::Json to_json(const PictureSettings& settings);
/// Throws Failure (kBadData) naming `file` and what is missing or out of place.
PictureSettings settings_from_json(const weights::Json& json, const std::string& file);

/// PNG text entries: "parameters" (prompt and settings as A1111 writes them) and "lacuna" (JSON).
std::vector<vision::PngText> png_texts(const PictureSettings& settings, vision::Size size);
/// The settings in a PNG file. Throws Failure (kBadData) when it holds none, and
/// vision::ImageError.
PictureSettings read_settings(const std::string& file);

}  // namespace lacuna::tools
