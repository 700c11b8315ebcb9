#include "fusion/models/model_family.h"

#include <stdexcept>

namespace lacuna::fusion {

Branch ModelFamily::unconditional(const Canvas& canvas, Modality modality) const {
  const Modality other = modality == Modality::text ? Modality::image : Modality::text;
  return {canvas.ids_without(other), positions(canvas), 0};
}

Canvas ModelFamily::write(const TextTask&) const {
  throw std::invalid_argument("[write] expected a model that was trained to answer prompts (LLaDA, MMaDA, Dream)");
}

}  // namespace lacuna::fusion
