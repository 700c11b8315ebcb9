#pragma once

namespace lacuna::tools {

#ifndef LACUNA_VERSION
#error "LACUNA_VERSION comes from the build"
#endif
inline constexpr const char* kVersion = LACUNA_VERSION;

}  // namespace lacuna::tools
