#include "tools/lacuna/model_files.h"

#include <algorithm>
#include <fstream>

#include "fusion/training/shards/sha256.h"
#include "runtime/weights/safetensors.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;

void add_files(const fs::path& folder, const fs::path& below, std::vector<fs::path>& files) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / below, error)) {
    const fs::path name = entry.path().filename();
    const bool decides = name == "config.json" || name == "tokenizer.model" || name == "tokenizer.json" ||
                         name.extension() == ".safetensors" ||
                         name.string().ends_with(".index.json");
    if (decides && entry.is_regular_file(error) && !name.string().starts_with("."))
      files.push_back(below / name);
  }
}

/// What stands for a large file in model_sha256.
std::string sha256_of_pieces(const fs::path& path) {
  constexpr std::size_t kPiece = 4096;
  const weights::SafetensorsFile file(path);
  training::Sha256 hash;
  for (const weights::SafetensorsEntry& entry : file.header().entries) {
    hash.update(entry.name + " " + std::string(graph::name_of(entry.dtype)) + entry.shape.to_string() + " " +
                std::to_string(entry.offset) + "\n");
    const auto bytes = file.bytes(entry);
    const std::size_t size = std::min(kPiece, bytes.size());
    for (const std::size_t at : {std::size_t{0}, (bytes.size() - size) / 2, bytes.size() - size}) {
      hash.update(bytes.subspan(at, size));
    }
  }
  return hash.hex();
}

std::string sha256_of(const fs::path& path, std::uint64_t wholly_hashed) {
  const bool large = path.extension() == ".safetensors" && fs::file_size(path) > wholly_hashed;
  return large ? sha256_of_pieces(path) : training::sha256_of_file(path);
}

}  // namespace

std::vector<fs::path> model_files(const fs::path& folder) {
  std::vector<fs::path> files;
  add_files(folder, "", files);
  add_files(folder, "image_tokenizer", files);
  std::ranges::sort(files);
  return files;
}

std::string model_sha256(const fs::path& folder, std::uint64_t wholly_hashed) {
  training::Sha256 hash;
  for (const fs::path& file : model_files(folder)) {
    hash.update(file.generic_string() + " " + sha256_of(folder / file, wholly_hashed) + "\n");
  }
  return hash.hex();
}

std::string model_license(const fs::path& folder) {
  std::ifstream card(folder / "README.md");
  std::string line;
  if (!std::getline(card, line) || line != "---") return {};
  while (std::getline(card, line) && line != "---") {
    if (!line.starts_with("license:")) continue;
    const std::size_t at = line.find_first_not_of(" \t", 8);
    return at == std::string::npos ? "" : line.substr(at);
  }
  return {};
}

std::string model_name(const fs::path& folder) {
  const fs::path clean = fs::absolute(folder).lexically_normal();
  return (clean.has_filename() ? clean : clean.parent_path()).filename().string();
}

}  // namespace lacuna::tools
