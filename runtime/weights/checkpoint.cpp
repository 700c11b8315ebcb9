#include "runtime/weights/checkpoint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <system_error>

#include "fusion/graph/block_format.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/checkpoint_index.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 5> kFileNames = {
    kSingleFileName, kIndexFileName, "pytorch_model.safetensors",
    "pytorch_model.safetensors.index.json", "diffusion_pytorch_model.safetensors"};

bool is_index(const fs::path& path) { return path.filename().string().ends_with(".index.json"); }

/// Files of PyTorch are programs in disguise: unpickling them can run anything.
[[noreturn]] void refuse_pickle(const fs::path& path) {
  throw CheckpointError(path,
                        "this is a PyTorch pickle, which can run code when it is opened, so it is not read; where you "
                        "trust it, write safetensors with: python3 -c \"import sys, torch; from safetensors.torch "
                        "import save_file; save_file({k: v.contiguous().clone() for k, v in torch.load(sys.argv[1], "
                        "map_location='cpu', weights_only=True).items()}, sys.argv[2])\" IN OUT.safetensors");
}

bool is_pickle_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt" || extension == ".pkl";
}

/// Zip archives (PyTorch since 1.6) and pickles of protocol 2 to 5.
bool is_pickle(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  char begin[8] = {};
  if (!file.read(begin, sizeof begin)) return false;
  const std::string_view bytes(begin, sizeof begin);
  // A safetensors header of 640 bytes begins in the same way, but its length has zeros at the end.
  const bool protocol = bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
  return bytes.starts_with("PK\3\4") || (protocol && bytes.substr(4) != std::string_view("\0\0\0\0", 4));
}

fs::path find_weights(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (fs::is_regular_file(path, error) && (is_pickle_name(path) || is_pickle(path))) refuse_pickle(path);
    return path;
  }
  for (const char* name : kFileNames) {
    if (fs::exists(path / name, error)) return path / name;
  }
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (is_pickle_name(it->path())) refuse_pickle(it->path());
  }
  throw IoError(path / kSingleFileName, "find the model's weights", ENOENT);
}

/// The first f16 of `bits` that is infinite or no number. Large models have hundreds of millions of factors, so they
/// are looked at in stretches without a branch, which compilers vectorise.
std::optional<std::uint16_t> first_not_finite(std::span<const std::uint16_t> bits) {
  constexpr std::size_t kStretch = 4096;
  const auto exponent_full = [](std::uint16_t half) { return (half & 0x7C00u) == 0x7C00u; };
  for (std::size_t at = 0; at < bits.size(); at += kStretch) {
    const auto stretch = bits.subspan(at, std::min(kStretch, bits.size() - at));
    std::uint16_t found = 0;
    for (const std::uint16_t half : stretch) found = std::uint16_t(found | std::uint16_t(exponent_full(half)));
    if (found != 0) return *std::ranges::find_if(stretch, exponent_full);
  }
  return std::nullopt;
}

/// "f16[4, 2]".
std::string described(const graph::WeightView& view) {
  return std::string(graph::name_of(view.dtype)) + view.shape.to_string();
}

}  // namespace

Checkpoint Checkpoint::open(const fs::path& path) {
  Checkpoint checkpoint;
  checkpoint.path_ = find_weights(path);
  if (is_index(checkpoint.path_)) {
    checkpoint.read_index();
  } else {
    checkpoint.add_shard(checkpoint.path_);
  }
  checkpoint.attach_scales();
  for (const auto& [name, view] : checkpoint.weights_) checkpoint.names_.push_back(name);
  std::sort(checkpoint.names_.begin(), checkpoint.names_.end());
  return checkpoint;
}

void Checkpoint::add_shard(const fs::path& file) {
  const SafetensorsFile& shard = shards_.emplace_back(file);
  for (const SafetensorsEntry& entry : shard.header().entries) {
    const graph::WeightView view{
        entry.dtype, entry.shape, aligned(shard.bytes(entry), entry.dtype), {}};
    if (!weights_.emplace(entry.name, view).second) {
      throw CheckpointError(
          file, entry.offset,
          "tensor " + in_quotes(entry.name, 512) + " is in another shard as well");
    }
    total_bytes_ += entry.size;
  }
  for (const auto& [key, value] : shard.header().metadata) {
    const auto same_key = [&key = key](const auto& pair) { return pair.first == key; };
    if (std::none_of(metadata_.begin(), metadata_.end(), same_key)) {
      metadata_.emplace_back(key, value);
    }
  }
}

void Checkpoint::read_index() {
  const CheckpointIndex index = read_checkpoint_index(path_);
  const fs::path folder = path_.parent_path();
  const std::vector<std::string> files = index.files();
  shards_.reserve(files.size());
  for (const std::string& file : files) {
    std::error_code error;
    if (!fs::exists(folder / file, error)) {
      throw CheckpointError(path_, "names the shard " + in_quotes(file) +
                                       ", which is not there; is the download complete?");
    }
    add_shard(folder / file);
  }
  refuse_extra_shards(files);
  // Compared as sorted lists of (tensor, shard): the first difference names the culprit.
  std::vector<std::pair<std::string, std::string>> expected = index.shard_of, found;
  for (const SafetensorsFile& shard : shards_) {
    for (const SafetensorsEntry& entry : shard.header().entries) {
      found.emplace_back(entry.name, shard.path().filename().string());
    }
  }
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  const auto [want, got] =
      std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
  const bool missing = want != expected.end() && (got == found.end() || *want < *got);
  if (missing) {
    throw CheckpointError(path_, "tensor " + in_quotes(want->first, 512) +
                                     " should be in the shard " + in_quotes(want->second) +
                                     ", which does not have it");
  }
  if (got != found.end()) {
    throw CheckpointError(path_, "the shard " + in_quotes(got->second) + " has a tensor " +
                                     in_quotes(got->first, 512) +
                                     " that the index does not put there");
  }
}

void Checkpoint::refuse_extra_shards(std::span<const std::string> files) const {
  // "model-00002-of-00003.safetensors": what has the same beginning and the same end belongs to the same checkpoint.
  const auto ends_of = [](std::string_view name) -> std::pair<std::string_view, std::string_view> {
    const std::size_t of = name.rfind("-of-");
    if (of == std::string_view::npos) return {};
    const std::size_t number = name.find_last_not_of("0123456789", of - 1);
    if (of == 0 || number == std::string_view::npos || number + 1 == of) return {};
    return {name.substr(0, number + 1), name.substr(of)};
  };
  std::error_code error;
  for (fs::directory_iterator it(path_.parent_path(), error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (ends_of(name).second.empty() || std::ranges::find(files, name) != files.end()) continue;
    if (std::ranges::any_of(files, [&](const std::string& file) { return ends_of(file) == ends_of(name); })) {
      throw CheckpointError(path_, "does not name the shard " + in_quotes(name) +
                                       ", which lies beside it; is the index of another download?");
    }
  }
}

void Checkpoint::release_pages(std::string_view name) const {
  const graph::WeightView* view = find(name);
  if (view == nullptr) return;
  for (const SafetensorsFile& shard : shards_) {
    shard.release_pages(view->bytes);
    shard.release_pages(std::as_bytes(view->block_scale));
    shard.release_pages(std::as_bytes(view->block_minimum));
  }
}

void Checkpoint::attach_scales() {
  std::vector<std::string> scale_names;
  for (auto& [name, view] : weights_) {
    if (attach_block_scales(name, view, scale_names)) continue;
    if (view.dtype != graph::DType::i8 || view.shape.rank() < 2) continue;
    const std::string scale_name = name + "_scale";
    const auto scale = weights_.find(scale_name);
    const graph::Shape expected = {view.shape[0]};
    if (scale == weights_.end() || scale->second.dtype != graph::DType::f32 ||
        scale->second.shape != expected) {
      throw CheckpointError(
          path_, "tensor " + in_quotes(name, 512) + " has 8-bit integers and needs a tensor " +
                     in_quotes(scale_name, 512) + " F32" + expected.to_string() + " or, in blocks, F16[" +
                     std::to_string(view.shape[0]) + ", columns / 32], got " +
                     (scale == weights_.end() ? "none" : described(scale->second)));
    }
    const std::span<const std::byte> bytes = scale->second.bytes;
    view.row_scale = {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
    for (const float factor : view.row_scale) {
      if (!std::isfinite(factor) || factor < 0) {
        throw CheckpointError(path_, "tensor " + in_quotes(scale_name, 512) +
                                         ": expected finite factors of 0 or more, got " +
                                         std::to_string(factor));
      }
    }
    scale_names.push_back(scale_name);
  }
  for (const std::string& name : scale_names) weights_.erase(name);
}

bool Checkpoint::attach_block_scales(const std::string& name, graph::WeightView& view,
                                     std::vector<std::string>& scale_names) {
  const bool bytes = view.dtype == graph::DType::i8, nibbles = view.dtype == graph::DType::u8;
  if ((!bytes && !nibbles) || view.shape.rank() != 2) return false;
  const std::string scale_name = name + "_scale", minimum_name = name + "_minimum";
  const auto scale = weights_.find(scale_name), minimum = weights_.find(minimum_name);
  if (scale == weights_.end() || scale->second.dtype != graph::DType::f16) return false;
  graph::WeightView quantised = view;
  quantised.dtype = bytes ? graph::DType::q8_0 : minimum == weights_.end() ? graph::DType::q4_0 : graph::DType::q4_1;
  if (nibbles) {
    if (view.shape[1] > std::numeric_limits<std::int64_t>::max() / 2) return false;  // no such file can be
    quantised.shape = view.shape.with(1, 2 * view.shape[1]);
  }
  const graph::Shape expected = {quantised.shape[0], quantised.shape[1] / graph::kBlock};
  const auto factors = [&](const std::string& of, const graph::WeightView& stored) {
    if (stored.dtype != graph::DType::f16 || stored.shape != expected || quantised.shape[1] % graph::kBlock != 0) {
      throw CheckpointError(path_, "tensor " + in_quotes(name, 512) + " is " + described(view) +
                                       " in blocks of 32 weights and needs a tensor " + in_quotes(of, 512) + " f16" +
                                       expected.to_string() + ", got " + described(stored));
    }
    const std::span<const std::uint16_t> bits = {reinterpret_cast<const std::uint16_t*>(stored.bytes.data()),
                                                 stored.bytes.size() / sizeof(std::uint16_t)};
    if (const auto half = first_not_finite(bits)) {
      throw CheckpointError(path_, "tensor " + in_quotes(of, 512) + ": expected finite factors, got " +
                                       std::to_string(graph::f32_from_f16_bits(*half)));
    }
    scale_names.push_back(of);
    return bits;
  };
  quantised.block_scale = factors(scale_name, scale->second);
  if (quantised.dtype == graph::DType::q4_1) quantised.block_minimum = factors(minimum_name, minimum->second);
  view = quantised;
  return true;
}

std::span<const std::byte> Checkpoint::aligned(std::span<const std::byte> bytes,
                                               graph::DType dtype) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % graph::size_of(dtype) == 0) return bytes;
  auto& copy = realigned_.emplace_back((bytes.size() + 7) / 8);
  // An empty tensor's position may be unaligned as well, and then there is nothing to copy.
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return std::as_bytes(std::span(copy)).first(bytes.size());
}

const graph::WeightView* Checkpoint::find(std::string_view name) const {
  const auto found = weights_.find(name);
  return found == weights_.end() ? nullptr : &found->second;
}

}  // namespace lacuna::weights
