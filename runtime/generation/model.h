#pragma once

#include <filesystem>
#include <memory>

#include "fusion/graph/executor.h"
#include "fusion/models/model_family.h"
#include "runtime/generation/denoiser.h"
#include "runtime/samplers/text_blocks.h"
#include "runtime/weights/checkpoint.h"
#include "text/text_tokenizer.h"
#include "vision/vq_tokenizer.h"

namespace lacuna::generation {

/// A model folder, opened: config.json and checkpoint of the denoiser, tokenizer.model or tokenizer.json, and, for
/// models with pictures, the folder image_tokenizer with its own config.json and checkpoint. Everything is checked
/// against the manifests before memory is taken. `images` is null for models of words alone.
struct Model {
  std::filesystem::path folder;
  std::shared_ptr<const fusion::ModelFamily> family;
  std::shared_ptr<const weights::Checkpoint> checkpoint;
  std::shared_ptr<const text::TextTokenizer> text;
  std::shared_ptr<vision::VqTokenizer> images;
  std::unique_ptr<Denoiser> denoiser;

  /// Pixels of the square or oblong picture that the canvas holds. Throws std::invalid_argument for models of words
  /// alone.
  vision::Size picture_size() const;
};

/// The family that a folder's config.json names, with the ids of its special tokens from the config.json that
/// `lacuna import` writes, or else from tokenizer.json, the folder's own or `tokenizer`. Throws as open_model.
std::shared_ptr<const fusion::ModelFamily> open_family(const std::filesystem::path& folder,
                                                       const std::filesystem::path& tokenizer = {});

/// Throws weights::IoError for a missing file, weights::CheckpointError for a broken one or parts that do not
/// fit each other (vocabulary, codebook). `executor` must outlive the model.
/// `tokenizer` is a file or folder in the place of the folder's own tokenizer; empty = that one.
/// With Fidelity::original a family's own faults are computed as well (ModelFamily::as_released).
Model open_model(const std::filesystem::path& folder, graph::Executor& executor,
                 samplers::Fidelity fidelity = samplers::Fidelity::corrected,
                 const std::filesystem::path& tokenizer = {});

}  // namespace lacuna::generation
