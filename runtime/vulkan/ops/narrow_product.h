#pragma once

#include "runtime/vulkan/narrow_weight.h"
#include "runtime/vulkan/ops/linear.h"

namespace lacuna::vulkan {

/// What the operands of a product become: nothing where it stays in f32, because narrow arithmetic was not asked for or
/// the device has no kernel, the product is small or decides an argmax, or the weight is in blocks, which only cooperative
/// matrices have.
std::optional<Narrow> narrowing(const GraphCompiler& compiler, const Product& product);

/// The product in narrow arithmetic: the rows of x are narrowed on the device, one factor each.
void add_narrow_product(GraphCompiler& compiler, const Product& product, Narrow narrow);

}  // namespace lacuna::vulkan
