#include "fusion/models/model_family.h"

#include <numeric>
#include <stdexcept>

namespace lacuna::fusion {

Branch ModelFamily::unconditional(const Canvas& canvas, Modality modality) const {
  const Modality other = modality == Modality::text ? Modality::image : Modality::text;
  return {canvas.ids_without(other), positions(canvas), 0};
}

std::vector<std::int32_t> ModelFamily::seen(std::span<const std::int32_t> ids) const {
  std::vector<std::int32_t> rows(ids.size(), std::int32_t(ids.size()));
  if (transformer().attention == AttentionKind::causal) std::iota(rows.begin(), rows.end(), 1);
  return rows;
}

Canvas ModelFamily::write(const TextTask&) const {
  throw std::invalid_argument("[write] expected a model that was trained to answer prompts (LLaDA, MMaDA, Dream, Show-o, or a model of text alone)");
}

}  // namespace lacuna::fusion
