#pragma once

#include <memory>

#include "fusion/models/lumina_config.h"
#include "fusion/models/model_family.h"

namespace lacuna::fusion {

/// Lumina-DiMOO. Layouts (arXiv 2510.06308 and its code):
///   drawing        <system> what to do </system> <user> words </user> <answer> <IMAGE> rows </IMAGE> </answer>
///   understanding  <system> what to do </system> <user> question <IMAGE> rows </IMAGE> </user> <answer> words </answer>
/// where every row of codes ends in an end-of-line token, which is never drawn. Guidance for a picture runs against the
/// same row with <uncondition> for the words; guidance for words against the row with all that is known masked.
/// Its tasks that draw a picture from another one need two guidances at once and are not here.
/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_lumina_family(const LuminaConfig& config);

}  // namespace lacuna::fusion
