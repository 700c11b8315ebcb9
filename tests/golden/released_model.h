#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fusion/graph/executor.h"
#include "fusion/models/model_family.h"
#include "fusion/models/token_names.h"
#include "runtime/generation/denoiser.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json.h"

namespace lacuna::golden {

/// An engine in one precision.
struct Engine {
  std::string name;  // "cpu f32"
  bool exact = true;  // float32: the tolerances of the fixtures count; else those for bfloat16
  std::unique_ptr<graph::Executor> executor;
};
/// Every engine of this build in float32.
std::vector<Engine> float_engines();
/// Those that can compute in bfloat16, in it.
std::vector<Engine> bf16_engines();

/// A denoiser checkpoint in the released layout, with what its config.json and tokenizer.json say.
struct ReleasedModel {
  std::string name;
  weights::Json config;
  std::filesystem::path tokenizer;  // tokenizer.json of the folder, or the set's own where it has none (Show-o)
  fusion::TokenNames names;
  std::shared_ptr<const weights::Checkpoint> checkpoint;

  /// Throws where the folder of that name is broken or of another family.
  static ReleasedModel open(const std::string& name);
  std::shared_ptr<const fusion::ModelFamily> family() const;
  /// The same with every row of the vocabulary as a word.
  std::shared_ptr<const fusion::ModelFamily> whole_family() const;
  /// The same with another text length and square of codes (MMaDA, Show-o).
  std::shared_ptr<const fusion::ModelFamily> family(int text_length, int codes) const;
};

/// Whether models/NAME is there: a set of fixtures may hold cases of models that it leaves out.
bool has_model(const std::string& name);

}  // namespace lacuna::golden
