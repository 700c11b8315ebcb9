#pragma once

#include <filesystem>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json.h"
#include "vision/vq_config.h"

namespace lacuna::vision {

/// MAGVIT-v2 as released with Show-o and MMaDA (config.json with _class_name "MAGVITv2" and no sizes): channels, levels
/// and blocks are read off the names and shapes of the tensors, the number of groups is `norm_num_groups` (32 when
/// absent). The weight names are those of the network itself; the recomputable buffers quantize.embedding and
/// quantize.power_vals may be missing, but are checked where they are there. Throws weights::CheckpointError naming
/// the tensor or field that does not fit.
VqConfig magvit_config(const weights::Json& json, const std::filesystem::path& file,
                       const weights::Checkpoint& checkpoint);

}  // namespace lacuna::vision
