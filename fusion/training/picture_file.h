#pragma once

#include <ATen/ATen.h>

#include <filesystem>

namespace lacuna::training {

/// Writes pictures uint8 [N, H, W, 3] side by side, `columns` a row, as one PNG. Throws weights::IoError.
void write_picture_grid(const std::filesystem::path& file, const at::Tensor& pictures, int columns);

}  // namespace lacuna::training
