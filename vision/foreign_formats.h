#pragma once

#include <optional>
#include <string>

#include "vision/byte_order.h"

namespace lacuna::vision {

/// The name, with its article, of a known file format that is not read here ("a GIF picture"),
/// told from the file's first bytes. Nothing where they are not known.
std::optional<std::string> foreign_format(Bytes file);

}  // namespace lacuna::vision
