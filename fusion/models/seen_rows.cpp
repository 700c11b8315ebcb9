#include "fusion/models/seen_rows.h"

#include <algorithm>

#include "fusion/graph/fused_ops.h"

namespace lacuna::fusion {

std::optional<graph::HostTensor> attention_bias(const ModelFamily& family, std::span<const std::int32_t> ids,
                                                DenoiserShape& shape) {
  if (family.transformer().attention == AttentionKind::full) return std::nullopt;
  shape.bias_columns = std::ranges::max(shape.segments);
  graph::HostTensor bias(graph::DType::f32, {std::int64_t(ids.size()), shape.bias_columns});
  std::ranges::fill(bias.f32(), graph::kUnseen);
  auto row = bias.f32().begin();
  for (const std::int64_t length : shape.segments) {
    for (const std::int32_t count : family.seen(ids.first(std::size_t(length)))) {
      std::fill_n(row, count, 0.0f);
      row += shape.bias_columns;
    }
    ids = ids.subspan(std::size_t(length));
  }
  return bias;
}

}  // namespace lacuna::fusion
