#pragma once

#include <filesystem>

#include "runtime/preparation/prepare.h"

namespace lacuna::preparation {

/// Writes `output`/ATTRIBUTION.md: the data folder's own, if it has one, and behind it the pictures
/// used, one line for each set and licence. Throws weights::IoError. Internal to this folder.
void write_attribution(const std::filesystem::path& data, const std::filesystem::path& output,
                       const PrepareReport& report);

}  // namespace lacuna::preparation
