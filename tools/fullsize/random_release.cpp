// random_release llada|mmada|magvit FOLDER [--small] [--seed N] [--bytes]: a checkpoint with the names, shapes, files
// and tokenizer size of a released one and random weights, written shard by shard: what a machine is tested with where
// the released weights are not at hand. --bytes prints the size and writes nothing.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <stdexcept>
#include <string_view>

#include "fusion/graph/split_mix.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/json_file.h"
#include "tools/fullsize/released_layout.h"
#include "tools/fullsize/synthetic_tokenizer.h"

namespace lacuna::fullsize {
namespace {

namespace fs = std::filesystem;
using graph::DType;
using weights::Json;
using weights::TensorSpec;

constexpr std::size_t kChunk = 1 << 21;  // elements
constexpr float kDeviation = 0.02f;

/// Normal numbers, fast: picked from a table by 16 random bits each.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : words_(seed), table_(65536) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    for (float& x : table_) x = normal(random);
  }

  void fill(float deviation, std::span<float> out) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i % 4 == 0) bits = words_.next();
      out[i] = deviation * table_[bits & 0xFFFF];
      bits >>= 16;
    }
  }
  /// Upper halves of floats.
  void fill(float deviation, std::span<std::uint16_t> out) {
    if (narrow_.empty() || deviation != narrow_deviation_) narrow(deviation);
    std::size_t i = 0;
    for (; i + 4 <= out.size(); i += 4) {
      const std::uint64_t bits = words_.next();
      for (std::size_t j = 0; j < 4; ++j) out[i + j] = narrow_[(bits >> (16 * j)) & 0xFFFF];
    }
    for (; i < out.size(); ++i) out[i] = narrow_[words_.next() & 0xFFFF];
  }

 private:
  void narrow(float deviation) {
    narrow_deviation_ = deviation;
    narrow_.clear();
    for (float x : table_) {
      x *= deviation;
      std::uint32_t bits = 0;
      std::memcpy(&bits, &x, sizeof bits);
      narrow_.push_back(std::uint16_t((bits + 0x8000u) >> 16));
    }
  }

  graph::SplitMix words_;
  std::vector<float> table_;
  std::vector<std::uint16_t> narrow_;
  float narrow_deviation_ = 0;
};

bool is_norm(const TensorSpec& tensor) {
  return tensor.shape.rank() == 1 && tensor.name.find("norm") != std::string::npos &&
         tensor.name.ends_with(".weight");
}

/// The buffers of the sign quantiser, which a reader checks.
void write_quantiser(const TensorSpec& tensor, weights::SafetensorsWriter& writer) {
  const std::int64_t bits = tensor.shape[-1];
  if (tensor.dtype == DType::i64) {
    std::vector<std::int64_t> powers;
    for (std::int64_t c = 0; c < bits; ++c) powers.push_back(std::int64_t{1} << (bits - 1 - c));
    return writer.write(std::as_bytes(std::span(powers)));
  }
  std::vector<float> rows;
  for (std::int64_t code = 0; code < tensor.shape[0]; ++code) {
    for (std::int64_t c = 0; c < bits; ++c) rows.push_back((code >> (bits - 1 - c)) & 1 ? 1.0f : -1.0f);
  }
  writer.write(std::as_bytes(std::span(rows)));
}

template <class T>
void write_values(const TensorSpec& tensor, float deviation, std::optional<T> constant, Noise& noise,
                  weights::SafetensorsWriter& writer) {
  std::vector<T> values;
  for (auto left = std::size_t(tensor.shape.elements()); left > 0; left -= values.size()) {
    values.resize(std::min(left, kChunk));
    if (constant) {
      std::ranges::fill(values, *constant);
    } else {
      noise.fill(deviation, values);
    }
    writer.write(std::as_bytes(std::span(values)));
  }
}

void write_tensor(const TensorSpec& tensor, Noise& noise, weights::SafetensorsWriter& writer) {
  if (tensor.name.starts_with("quantize.") && !tensor.name.ends_with(".weight")) return write_quantiser(tensor, writer);
  const bool one = is_norm(tensor) || tensor.name.ends_with("ln_f.weight");
  if (tensor.dtype == DType::bf16) {
    return write_values<std::uint16_t>(tensor, kDeviation, one ? std::optional<std::uint16_t>(0x3F80) : std::nullopt,
                                       noise, writer);
  }
  if (tensor.shape.rank() == 1) return write_values<float>(tensor, 0, one ? 1.0f : 0.0f, noise, writer);
  const double inputs = double(tensor.shape.elements()) / double(tensor.shape[0]);
  write_values<float>(tensor, float(1.0 / std::sqrt(inputs)), std::nullopt, noise, writer);
}

void write_index(const fs::path& folder, const std::vector<Shard>& shards, std::uint64_t total) {
  Json::Object map;
  for (const Shard& shard : shards) {
    for (const TensorSpec& tensor : shard.tensors) map.push_back({tensor.name, Json(shard.file)});
  }
  weights::write_json_file(folder / "model.safetensors.index.json",
                           Json::object()
                               .set("metadata", Json::object().set("total_size", total))
                               .set("weight_map", Json(std::move(map))));
}

std::uint64_t bytes_of(const std::vector<Shard>& shards) {
  std::uint64_t total = 0;
  for (const Shard& shard : shards) {
    for (const TensorSpec& tensor : shard.tensors) {
      total += std::uint64_t(tensor.shape.elements()) * size_of(tensor.dtype);
    }
  }
  return total;
}

struct Arguments {
  Release release = Release::llada;
  fs::path folder;
  Scale scale = Scale::released;
  std::uint64_t seed = 1;
  bool only_bytes = false;
};

Arguments parse(int argc, char** argv) {
  const auto usage = [] {
    return std::invalid_argument("usage: random_release llada|mmada|magvit|lumina|vqmodel FOLDER [--small] [--seed N] [--bytes]");
  };
  if (argc < 3) throw usage();
  Arguments arguments;
  const std::string_view name = argv[1];
  if (name == "llada") {
    arguments.release = Release::llada;
  } else if (name == "mmada") {
    arguments.release = Release::mmada;
  } else if (name == "magvit") {
    arguments.release = Release::magvit;
  } else if (name == "lumina") {
    arguments.release = Release::lumina;
  } else if (name == "vqmodel") {
    arguments.release = Release::vqmodel;
  } else {
    throw usage();
  }
  arguments.folder = argv[2];
  for (int i = 3; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--small") {
      arguments.scale = Scale::small;
    } else if (option == "--bytes") {
      arguments.only_bytes = true;
    } else if (option == "--seed" && i + 1 < argc) {
      arguments.seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      throw usage();
    }
  }
  return arguments;
}

void run(const Arguments& arguments) {
  const std::vector<Shard> shards = shards_of(arguments.release, arguments.scale);
  const std::uint64_t total = bytes_of(shards);
  if (arguments.only_bytes) {
    std::printf("%llu\n", static_cast<unsigned long long>(total));
    return;
  }
  fs::create_directories(arguments.folder);
  Noise noise(arguments.seed);
  for (const Shard& shard : shards) {
    weights::SafetensorsWriter writer(arguments.folder / shard.file, shard.tensors, {{"format", "pt"}});
    for (const TensorSpec& tensor : shard.tensors) write_tensor(tensor, noise, writer);
    writer.finish();
    std::fprintf(stderr, "%s\n", shard.file.c_str());
  }
  if (!has_codebook(arguments.release)) {
    write_index(arguments.folder, shards, total);
    const std::string tokenizer =
        synthetic_tokenizer(arguments.release == Release::lumina ? Words::lumina : Words::llada);
    weights::write_file_atomic(arguments.folder / "tokenizer.json", std::as_bytes(std::span(tokenizer)));
  }
  weights::write_json_file(arguments.folder / "config.json", config_of(arguments.release, arguments.scale));
}

}  // namespace
}  // namespace lacuna::fullsize

int main(int argc, char** argv) try {
  lacuna::fullsize::run(lacuna::fullsize::parse(argc, argv));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "random_release: %s\n", error.what());
  return 1;
}
