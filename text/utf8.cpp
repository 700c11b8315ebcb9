#include "text/utf8.h"

#include <cstdio>
#include <stdexcept>
#include <string>

#include "runtime/weights/utf8.h"

namespace lacuna::text {

bool is_utf8(std::string_view text) {
  return weights::find_invalid_utf8(text) == std::string_view::npos;
}

void require_utf8(std::string_view text, std::string_view what) {
  const std::size_t bad = weights::find_invalid_utf8(text);
  if (bad == std::string_view::npos) return;
  char byte[8];
  std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned char>(text[bad]));
  throw std::invalid_argument("[" + std::string(what) + "] expected UTF-8 text, got byte " + byte +
                              " at byte offset " + std::to_string(bad));
}

}  // namespace lacuna::text
