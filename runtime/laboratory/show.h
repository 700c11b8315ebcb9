#pragma once

#include <cstdio>
#include <string>

namespace lacuna::laboratory {

/// Words with numbers in them, as printf writes them; what goes beyond 499 bytes is cut off.
std::string show(const char* format, auto... values) {
  char text[500];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

}  // namespace lacuna::laboratory
