#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"

namespace lacuna::weights {

/// What a tensor is to a transformer, as far as it matters how finely it is stored.
enum class TensorRole : std::uint8_t { vector, filter, embedding, head, first_layer, last_layer, layer, other };
/// "vector", "filter", "embedding", "head", "first", "last", "layer" or "other".
std::string_view name_of(TensorRole role);
/// Throws std::invalid_argument.
TensorRole tensor_role_named(std::string_view name);

/// The role of a tensor by its shape and name. Vectors have fewer than two axes and filters more. The number of a layer
/// is the first whole number between dots; of `layers` layers number 0 is first and layers - 1 last. Names with
/// "wte", "embed" or "tok_embd" are embeddings; "lm_head", "head", "ff_out" and "output" outside of layers are heads.
TensorRole tensor_role(std::string_view name, const graph::Shape& shape, std::int64_t layers);
/// One more than the largest layer number among `names`; 0 without layers.
std::int64_t count_layers(const std::vector<std::string>& names);

/// Tensors whose names match `pattern` (with * for any characters) are stored as `dtype`.
struct TensorRule {
  std::string pattern;
  graph::DType dtype = graph::DType::bf16;
};

/// How finely to store which tensor. Vectors are f32 and filters bf16, always.
struct QuantizationPolicy {
  /// Of the matrices: bf16, i8 (rows), q8_0, q4_0 or q4_1.
  graph::DType type = graph::DType::q8_0;
  /// Of `sensitive` roles. q8_0 loses a hundredth of what 4 bits lose.
  graph::DType sensitive_type = graph::DType::q8_0;
  std::vector<TensorRole> sensitive = {TensorRole::embedding, TensorRole::head, TensorRole::first_layer,
                                       TensorRole::last_layer};
  /// The first that matches decides, before the above.
  std::vector<TensorRule> rules;

  /// The dtype for a tensor. Where a block-quantised dtype does not fit the shape (columns that are no multiple of 32)
  /// it is bf16. A sensitive tensor is never stored more coarsely than `type` has it.
  graph::DType dtype_for(std::string_view name, const graph::Shape& shape, std::int64_t layers) const;
};

/// The matrix dtypes a user may ask for: "f32", "bf16", "f16", "int8", "q8_0", "q4_0", "q4_1".
/// Throws std::invalid_argument.
graph::DType weight_type_named(std::string_view name);

/// Whether `text` matches `pattern`, in which * stands for any characters.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace lacuna::weights
