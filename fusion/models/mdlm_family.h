#pragma once

#include <filesystem>
#include <memory>

#include "fusion/models/dit_family.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// MDLM (model_type "mdlm", arXiv 2406.07524) and BD3-LM (model_type "bd3lm", arXiv 2503.09573), whose attention reaches
/// to the end of the own block: a block is filled with the earlier ones as context. The mask is the last row of the
/// vocabulary and never drawn; texts begin with <|endoftext|> as in their training. Without time conditioning the noise
/// level is 0 whatever the canvas, and all modulation constants. Throws weights::CheckpointError naming file and field;
/// unknown fields are errors. `names` may be null.
DitConfig mdlm_config(const weights::Json& json, const std::filesystem::path& file, const TokenNames* names = nullptr);

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_mdlm_family(const DitConfig& config);

}  // namespace lacuna::fusion
