#include "fusion/models/all_masked.h"

namespace lacuna::fusion {

Canvas all_masked(const ModelFamily& family) {
  if (family.tokens().text_end != TextEnd::plain && family.chat_style() == ChatStyle::none) return family.joint();
  TextTask task;
  task.length = family.sizes().text_length;
  return family.write(task);
}

}  // namespace lacuna::fusion
