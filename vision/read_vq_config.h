#pragma once

#include <filesystem>

#include "runtime/weights/checkpoint.h"
#include "vision/vq_config.h"

namespace lacuna::vision {

/// The configuration of a folder's image tokenizer: the project's own config.json, a released MAGVIT-v2, or a VQModel of
/// diffusers (aMUSEd's, which Lumina-DiMOO uses). Throws weights::CheckpointError.
VqConfig read_vq_config(const std::filesystem::path& folder, const weights::Checkpoint& checkpoint);

}  // namespace lacuna::vision
