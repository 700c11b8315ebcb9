#pragma once

#include <cstdint>
#include <span>

#include "runtime/generation/model.h"
#include "runtime/weights/json.h"
#include "vision/code_grid.h"

namespace lacuna::tools {

/// What the verbs print under the key "tokens": ids of the model's token space. Of a text span up to its end.
weights::Json token_list(const generation::Model& model, std::span<const std::int32_t> text);
/// Of a picture, row by row.
weights::Json code_list(const generation::Model& model, const vision::CodeGrid& codes);
void append_codes(weights::Json& list, const generation::Model& model, const vision::CodeGrid& codes);

}  // namespace lacuna::tools
