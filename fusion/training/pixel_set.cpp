#include "fusion/training/pixel_set.h"

#include <algorithm>
#include <stdexcept>

namespace lacuna::training {

PixelSet::PixelSet(const ShardSet& shards, Split split, std::int64_t limit, at::Device device) {
  const ShardLayout& layout = shards.layout();
  if (layout.kind != PictureKind::pixels) {
    throw std::invalid_argument("[PixelSet] expected shards of pixels, got shards of tokens");
  }
  const auto& all = shards.records_of(split);
  const auto count = std::int64_t(all.size());
  const std::int64_t wanted = limit > 0 ? std::min(limit, count) : count;
  std::vector<std::int32_t> numbers;
  for (std::int64_t i = 0; i < wanted; ++i) {
    const std::int64_t record = all[std::size_t(i * count / wanted)];
    const RecordInfo info = shards.info(record);
    for (std::int32_t p = 0; p < info.pictures; ++p) {
      records_.push_back(record);
      numbers.push_back(p);
      weights_.push_back(info.weight / float(info.pictures));
    }
  }
  const std::int64_t bytes = std::int64_t(layout.picture_height) * layout.picture_width * 3;
  at::Tensor host = at::empty({size(), layout.picture_height, layout.picture_width, 3},
                              at::TensorOptions().dtype(at::kByte));
  for (std::int64_t i = 0; i < size(); ++i) {
    shards.read_pixels(records_[std::size_t(i)], numbers[std::size_t(i)],
                       {host.data_ptr<std::uint8_t>() + i * bytes, std::size_t(bytes)});
  }
  pixels_ = host.to(device);
}

at::Tensor PixelSet::batch(const std::vector<std::int32_t>& pictures) const {
  return pixels_to_real(at::index_select(pixels_, 0, to_torch(pictures, pixels_.device())));
}

at::Tensor pixels_to_real(const at::Tensor& bytes) {
  return bytes.to(at::kFloat).div_(127.5).sub_(1.0).movedim(-1, -3).contiguous();
}

at::Tensor real_to_pixels(const at::Tensor& real) {
  return ((real.to(at::kFloat) + 1.0) * 127.5).round().clamp(0, 255).to(at::kByte).movedim(-3, -1).contiguous();
}

}  // namespace lacuna::training
