#pragma once

#include <filesystem>
#include <span>

#include "fusion/graph/graph.h"
#include "fusion/graph/weight_source.h"

namespace lacuna::weights {

/// Checks, before anything is allocated, that `source` has every weight of `manifest` (see
/// Graph::weights) with the right shape and a dtype that holds real numbers (F64, F32, F16, BF16, I8
/// with a row scale, or block-quantised).
/// `path` is for the message. Throws CheckpointError that names up to five of the missing and wrong
/// ones with what was expected and found.
void check_manifest(std::span<const graph::NamedShape> manifest, const graph::WeightSource& source,
                    const std::filesystem::path& path);

}  // namespace lacuna::weights
