#pragma once

#include "runtime/vulkan/weight_store.h"

namespace lacuna::vulkan {

/// Columns of a panel: a weight [columns, inner] as kernels with texel operands read it (shaders/include/panels.glsl) is
/// cut into panels of 32 columns, each [inner, 32] with `inner` and the last panel filled up with zeros.
inline constexpr std::int64_t kPanelColumns = 32;

/// Block-quantised weights [columns, inner] keep their codes, q4_0 and q4_1 as 8 codes of a column in 32 bits, [inner / 8,
/// 32]; WeightPart::factors has f32 [inner / 32, 8 texels of 4 columns], for q4 each texel followed by one of minima.
///
/// The weight as panels in its stored dtype; parts and row_scale as in WeightStore::stored, parts begin at multiples of
/// kPanelColumns. Rank 2 [columns, inner] with `inner` padded to a multiple of 4, or rank 4 [columns, channels, height,
/// width] with the inner axis [height, width, channels], channels padded to a multiple of 4.
std::shared_ptr<const DeviceWeight> panels_of(WeightStore& weights, const WeightStore::Source& source,
                                              const std::string& name, const graph::Shape& shape,
                                              std::uint64_t texel_limit);
/// The same of a weight of rank 2 as codes of 8 bits (narrow_weight.h): dtype i8 with row_scale, whatever it is stored in.
std::shared_ptr<const DeviceWeight> coded_panels_of(WeightStore& weights, const WeightStore::Source& source,
                                                    const std::string& name, const graph::Shape& shape,
                                                    std::uint64_t texel_limit);
/// How many texels of 4 elements the padded inner axis of such a weight has.
std::int64_t panel_quarters(const graph::Shape& shape);
/// The permutation of kernels with panels for a stored dtype: "f32", ..., "q8_0", "q4".
std::string panel_suffix(graph::DType dtype);
/// What a texel of a stored dtype is to a sampler.
VkFormat texel_format(graph::DType dtype);
/// Columns of one part of a panelled weight that a product of some of the weight's columns reads.
struct PanelCut {
  std::int64_t begin = 0, end = 0;  // columns of the weight; none when end <= begin
  std::int64_t first_panel = 0;     // of the part
  std::int64_t lead = 0;            // columns of that panel in front of `begin`
  std::int64_t panels = 0;
};
/// What columns [begin, end) of the weight have in `part`.
PanelCut cut_panels(const WeightPart& part, std::int64_t begin, std::int64_t end);
/// How many panels an invocation should work on, of 1, 2 and 4, where there are `panels`.
int panels_at_a_time(std::int64_t panels);

}  // namespace lacuna::vulkan
