#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "fusion/models/model_family.h"
#include "fusion/models/token_names.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// The kind of model that a config.json is about: its `model_type`, or "showo" for one of diffusers' without that and with
/// the _class_name "Showo", or "sedd" for the settings of a training run of SEDD. Throws weights::CheckpointError.
std::string model_type_of(const weights::Json& config, const std::filesystem::path& file);

/// Makes the family that the `model_type` of a config.json names. Throws weights::CheckpointError for an
/// unknown type (the message lists the known ones) and for a config that the family refuses. `names` are those of the
/// tokenizer beside it, for released folders whose config.json does not say the ids of the special tokens; may be null.
std::unique_ptr<ModelFamily> open_model_family(const weights::Json& config, const std::filesystem::path& file,
                                               const TokenNames* names = nullptr);

}  // namespace lacuna::fusion
