#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "fusion/graph/host_tensor.h"
#include "fusion/models/model_family.h"

namespace lacuna::fusion {

/// The input "attention_bias" f32 [T, longest segment] of a family's graph for sequences laid one after another, from
/// ModelFamily::seen; absent where everything sees everything. `shape` gets its columns.
std::optional<graph::HostTensor> attention_bias(const ModelFamily& family, std::span<const std::int32_t> ids,
                                                DenoiserShape& shape);

}  // namespace lacuna::fusion
