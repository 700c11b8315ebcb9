#pragma once

#include <filesystem>
#include <memory>

#include "fusion/graph/executor.h"
#include "fusion/models/model_family.h"
#include "runtime/generation/denoiser.h"
#include "runtime/weights/checkpoint.h"
#include "text/text_tokenizer.h"
#include "vision/vq_tokenizer.h"

namespace lacuna::generation {

/// A model folder, opened: config.json and checkpoint of the denoiser, tokenizer.model, and the folder
/// image_tokenizer with its own config.json and checkpoint. Everything is checked against the manifests before
/// memory is taken.
struct Model {
  std::filesystem::path folder;
  std::shared_ptr<const fusion::ModelFamily> family;
  std::shared_ptr<const weights::Checkpoint> checkpoint;
  std::shared_ptr<const text::TextTokenizer> text;
  std::shared_ptr<vision::VqTokenizer> images;
  std::unique_ptr<Denoiser> denoiser;

  /// Pixels of the square or oblong picture that the canvas holds.
  vision::Size picture_size() const;
};

/// Throws weights::IoError for a missing file, weights::CheckpointError for a broken one or parts that do not
/// fit each other (vocabulary, codebook). `executor` must outlive the model.
Model open_model(const std::filesystem::path& folder, graph::Executor& executor);

}  // namespace lacuna::generation
