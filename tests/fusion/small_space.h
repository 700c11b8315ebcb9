#pragma once

#include "fusion/token_space.h"

namespace lacuna::fusion {

/// Ten words (0-9, 2 ends a text), sixteen codes (10-25), mask 26, begin and end of image 27 and 28.
inline TokenSpace small_space() {
  TokenSpace space;
  space.text = {0, 10};
  space.image = {10, 16};
  space.end_of_text = 2;
  space.mask = 26;
  space.begin_image = 27;
  space.end_image = 28;
  space.size = 29;
  return space;
}

}  // namespace lacuna::fusion
