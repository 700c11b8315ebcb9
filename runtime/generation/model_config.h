#pragma once

#include <filesystem>

#include "runtime/weights/json.h"

namespace lacuna::generation {

/// A model's config.json, with what some released folders keep beside it: where it names a language model
/// (`llm_model_path`, as Show-o does) whose folder with a config.json lies beside it, that is in `llm_config`. Nothing
/// outside the folder is read. Throws weights::IoError and weights::CheckpointError.
weights::Json read_model_config(const std::filesystem::path& file);

}  // namespace lacuna::generation
