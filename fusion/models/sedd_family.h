#pragma once

#include <filesystem>
#include <memory>

#include "fusion/models/dit_family.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// SEDD (arXiv 2310.16834), whose config.json has no model_type but the sections "graph", "noise" and "model". With graph
/// "absorb" the scores at a mask are those of the clean token but for a factor of the noise level, so that the network is
/// read as one that fills masks and the factor (scale_by_sigma) is left out; with "uniform" tokens are noise themselves
/// and the scores are used as they are. Throws weights::CheckpointError naming file and field. `names` may be null.
DitConfig sedd_config(const weights::Json& json, const std::filesystem::path& file, const TokenNames* names = nullptr);

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_sedd_family(const DitConfig& config);

}  // namespace lacuna::fusion
