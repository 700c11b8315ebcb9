#include "vision/vq_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/manifest.h"
#include "vision/read_vq_config.h"
#include "vision/vq_network.h"

namespace lacuna::vision {
namespace {

using graph::HostTensor;

template <class T>
Size common_size(std::span<const T> items, const char* what) {
  if (items.empty()) throw std::invalid_argument(std::string("[vq_tokenizer] expected at least one ") + what);
  const Size size = items.front().size();
  for (const T& item : items) {
    if (!(item.size() == size)) {
      throw std::invalid_argument(std::string("[vq_tokenizer] expected ") + what + "s of one size, got " +
                                  to_string(size) + " and " + to_string(item.size()));
    }
  }
  return size;
}

/// [H, W, 3] in [0, 1] -> [3, H, W] in [-1, 1].
void to_planes(const Image& picture, std::span<float> planes) {
  const auto pixels = picture.pixels();
  const std::size_t area = pixels.size() / 3;
  for (std::size_t i = 0; i < area; ++i) {
    for (std::size_t c = 0; c < 3; ++c) planes[c * area + i] = 2.0f * pixels[3 * i + c] - 1.0f;
  }
}

/// Truncated pixels are put on the grid of bytes here, so that rounding them later changes nothing.
Image from_planes(std::span<const float> planes, Size size, PixelBytes bytes) {
  std::vector<float> pixels(planes.size());
  const std::size_t area = planes.size() / 3;
  for (std::size_t i = 0; i < area; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      const float value = std::clamp((planes[c * area + i] + 1.0f) / 2.0f, 0.0f, 1.0f);
      pixels[3 * i + c] = bytes == PixelBytes::truncated ? std::floor(value * 255.0f) / 255.0f : value;
    }
  }
  return Image(size, std::move(pixels));
}

}  // namespace

VqTokenizer::VqTokenizer(VqConfig config, graph::Executor& executor,
                         std::shared_ptr<const graph::WeightSource> weights)
    : config_(std::move(config)), executor_(executor), weights_(std::move(weights)) {
  config_.validate();
}

graph::Plan& VqTokenizer::plan(Direction direction, std::int64_t batch, Size grid) {
  auto& plan = plans_[{direction, batch, grid.height, grid.width}];
  if (!plan) {
    const VqShape shape{batch, grid.height, grid.width};
    plan = executor_.prepare(direction == Direction::encode ? build_vq_tokeniser(config_, shape)
                                                            : build_vq_detokeniser(config_, shape),
                             weights_);
  }
  return *plan;
}

std::vector<CodeGrid> VqTokenizer::encode(std::span<const Image> pictures) {
  const Size size = common_size(pictures, "picture");
  const int cell = pixels_per_code();
  if (size.height < cell || size.width < cell || size.height % cell != 0 || size.width % cell != 0) {
    throw std::invalid_argument("[vq_tokenizer] expected a picture size that is a multiple of " +
                                std::to_string(cell) + " pixels, got " + to_string(size));
  }
  const Size grid{size.height / cell, size.width / cell};
  const auto batch = std::int64_t(pictures.size());
  const std::size_t values = std::size_t(3) * std::size_t(size.height) * std::size_t(size.width);
  HostTensor input(graph::DType::f32, {batch, 3, size.height, size.width});
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    to_planes(pictures[i], input.f32().subspan(i * values, values));
  }
  const std::size_t cells = std::size_t(grid.height) * std::size_t(grid.width);
  HostTensor output(graph::DType::i32, {batch, std::int64_t(cells)});
  plan(Direction::encode, batch, grid).run({&input, 1}, {&output, 1});
  std::vector<CodeGrid> grids;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto codes = output.i32().subspan(i * cells, cells);
    grids.emplace_back(grid, std::vector<std::int32_t>(codes.begin(), codes.end()));
  }
  return grids;
}

std::vector<Image> VqTokenizer::decode(std::span<const CodeGrid> grids) {
  const Size grid = common_size(grids, "code grid");
  const auto batch = std::int64_t(grids.size());
  const std::size_t cells = std::size_t(grid.height) * std::size_t(grid.width);
  HostTensor input(graph::DType::i32, {batch * std::int64_t(cells)});
  for (std::size_t i = 0; i < grids.size(); ++i) {
    validate_codes(grids[i], config_.codebook_size);
    std::ranges::copy(grids[i].cells(), input.i32().subspan(i * cells).begin());
  }
  const Size size{grid.height * pixels_per_code(), grid.width * pixels_per_code()};
  HostTensor output(graph::DType::f32, {batch, 3, size.height, size.width});
  plan(Direction::decode, batch, grid).run({&input, 1}, {&output, 1});
  std::vector<Image> pictures;
  const std::size_t values = output.f32().size() / grids.size();
  for (std::size_t i = 0; i < grids.size(); ++i) {
    pictures.push_back(from_planes(output.f32().subspan(i * values, values), size, config_.bytes));
  }
  return pictures;
}

std::unique_ptr<VqTokenizer> open_vq_tokenizer(const std::filesystem::path& folder, graph::Executor& executor) {
  auto checkpoint = std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder));
  const VqConfig config = read_vq_config(folder, *checkpoint);
  for (const auto& graph : {build_vq_tokeniser(config, {1, 1, 1}), build_vq_detokeniser(config, {1, 1, 1})}) {
    weights::check_manifest(graph.weights(), *checkpoint, checkpoint->path());
  }
  return std::make_unique<VqTokenizer>(config, executor, std::move(checkpoint));
}

}  // namespace lacuna::vision
