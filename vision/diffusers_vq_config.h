#pragma once

#include <filesystem>

#include "runtime/weights/json.h"
#include "vision/vq_config.h"

namespace lacuna::vision {

/// diffusers' VQModel (config.json with _class_name "VQModel") as aMUSEd, Meissonic and Lumina-DiMOO configure it: no
/// attention in the middle, decoded from codes, pixels in [0, 1]. Absent fields have the defaults of the class. Throws
/// weights::CheckpointError naming the field for anything that this network does not compute, and for unknown fields.
VqConfig diffusers_vq_config(const weights::Json& json, const std::filesystem::path& file);

}  // namespace lacuna::vision
