#include "fusion/training/picture_file.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "runtime/weights/atomic_file.h"
#include "vision/stored_png.h"
#include "vision/tiling.h"

namespace lacuna::training {

void write_picture_grid(const std::filesystem::path& file, const at::Tensor& pictures, int columns) {
  const at::Tensor host = pictures.to(at::kCPU, at::kByte).contiguous();
  const vision::Size size{int(host.size(1)), int(host.size(2))};
  const std::size_t bytes = std::size_t(size.height) * std::size_t(size.width) * 3;
  std::vector<vision::Image8> tiles;
  for (std::int64_t i = 0; i < host.size(0); ++i) {
    const std::uint8_t* data = host.data_ptr<std::uint8_t>() + std::size_t(i) * bytes;
    tiles.emplace_back(size, 3, std::vector<std::uint8_t>(data, data + bytes));
  }
  vision::TileOptions options;
  options.columns = std::min(columns, int(tiles.size()));
  const auto png = vision::encode_stored_png(vision::tile(tiles, options));
  weights::write_file_atomic(file, std::as_bytes(std::span(png)));
}

}  // namespace lacuna::training
