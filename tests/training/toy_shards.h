#pragma once

#include <filesystem>

namespace lacuna::training {

/// Sizes of a made-up picture set.
struct ToyOptions {
  int side = 16;
  int text_length = 6;
  int variants = 3;  // pictures of each thing in each style, moved a little
};

/// Writes pixel shards of coloured squares, discs and crosses ("plain: red disc") in two styles, with captions in
/// three wordings. One style of every fourth thing is held out as val_cross.
void write_toy_shards(const std::filesystem::path& folder, const ToyOptions& options = {});

}  // namespace lacuna::training
