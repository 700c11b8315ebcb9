#pragma once

#include "fusion/models/model_family.h"

namespace lacuna::fusion {

/// A canvas of the trained sizes in which nothing is known, for measurements: words and a picture, or words alone where
/// the family does not draw both at once.
Canvas all_masked(const ModelFamily& family);

}  // namespace lacuna::fusion
