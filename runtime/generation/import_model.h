#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fusion/graph/dtype.h"
#include "runtime/weights/conversion.h"

namespace lacuna::generation {

/// From a released checkpoint to a model folder.
struct ImportOptions {
  /// A folder with config.json, tokenizer.json and safetensors, or a GGUF file of LLaDA or Dream.
  std::filesystem::path model;
  /// tokenizer.json or its folder, where it does not lie in the model's: GGUF files, MDLM, BD3-LM and SEDD need it.
  std::optional<std::filesystem::path> tokenizer;
  /// A released MAGVIT-v2, a VQModel of diffusers, or one of this project; by default the folder "vqvae" in the model's.
  std::optional<std::filesystem::path> image_tokenizer;
  std::filesystem::path output;
  graph::DType type = graph::DType::bf16;       // of the blocks' matrices
  graph::DType sensitive = graph::DType::bf16;  // of embedding and head
  /// Of the first and the last blocks `keep_blocks` stay in `sensitive`.
  int keep_blocks = 0;
  std::optional<int> text_length;  // MMaDA: words in front of a picture; no released file says it (512)
  std::optional<std::array<int, 2>> grid;  // rows and columns of codes of its pictures
  int threads = 1;
  std::function<void(const weights::TensorReport& report, std::size_t done, std::size_t total)> progress;
};

struct ImportReport {
  std::vector<weights::TensorReport> tensors;
  std::string family;  // model_type
  std::uint64_t bytes = 0;
};

/// Checks the model, its tokenizer and the image tokenizer against each other and against their manifests, then writes
/// the folder. config.json comes last, so that a folder that opens is whole; called again after an interruption it
/// goes on. Throws weights::CheckpointError for broken or unfitting parts, weights::IoError for files and the disk,
/// std::invalid_argument for options out of range.
ImportReport import_model(const ImportOptions& options);

/// What the import would write, in bytes. Throws as import_model.
std::uint64_t import_bytes(const ImportOptions& options);

}  // namespace lacuna::generation
