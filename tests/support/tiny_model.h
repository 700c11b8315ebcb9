#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fusion/models/lacuna_family.h"
#include "vision/vq_config.h"

namespace lacuna::testing_support {

/// Sizes of a model that is made in milliseconds: pictures of 16 x 16 pixels in 4 x 4 codes.
struct TinyModel {
  int width = 16;
  int layers = 2;
  int heads = 2;
  int text_length = 16;
  int grid = 4;
  int codebook = 64;
  /// For the weights; the tokenizer is always the same.
  std::uint64_t seed = 1;
};

/// Captions that the tiny tokenizer was trained on, "3d emoji: goat" among them.
std::vector<std::string> tiny_captions();

/// The configurations of such a model. Its end of text is piece 0, which no text encodes to.
fusion::LacunaConfig tiny_config(const TinyModel& model, int text_vocabulary);
vision::VqConfig tiny_vq_config(const TinyModel& model);

/// Writes a whole model folder with random weights: config.json, model.safetensors,
/// tokenizer.model, README.md (a model card with a licence line), labels.txt and image_tokenizer/.
/// The same arguments give the same bytes.
void write_tiny_model(const std::filesystem::path& folder, const TinyModel& model = {});

/// Sizes of a model of text alone, as `lacuna-train denoiser --text` leaves it: byte pieces from 'a' on, then </s>.
struct TinyTextModel {
  int letters = 8;
  int length = 12;
  int width = 16;
  bool autoregressive = false;
  std::uint64_t seed = 1;
};

/// Writes such a folder: config.json, model.safetensors, pieces.json.
void write_tiny_text_model(const std::filesystem::path& folder, const TinyTextModel& model = {});
/// The same with pieces of one's own, the last of them being the end of text.
void write_tiny_text_model(const std::filesystem::path& folder, const TinyTextModel& model,
                           const std::vector<std::string>& pieces, int end_of_text);

}  // namespace lacuna::testing_support
