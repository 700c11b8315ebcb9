#pragma once

#include <filesystem>

namespace lacuna::training {

/// Writes token shards with made-up codes: `records` records, each with two pictures of `grid` x `grid` codes below
/// 16 that depend on its label, and two wordings; the last fifth is val_cross.
void write_toy_tokens(const std::filesystem::path& folder, int records, int grid);

}  // namespace lacuna::training
