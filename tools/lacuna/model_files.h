#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lacuna::tools {

/// Files of a model folder that decide what it computes: configurations, weights, tokenizer;
/// sorted, relative.
std::vector<std::filesystem::path> model_files(const std::filesystem::path& folder);
inline constexpr std::uint64_t kWhollyHashed = 256 << 20;
/// One SHA-256 over the names and contents of `model_files`. Of a safetensors file of more than `wholly_hashed` bytes
/// the header and a piece from the begin, the middle and the end of each tensor count: reading the many gigabytes of a
/// large model would take longer than its first step. Throws weights::IoError, weights::CheckpointError.
std::string model_sha256(const std::filesystem::path& folder, std::uint64_t wholly_hashed = kWhollyHashed);
/// "apache-2.0" from the front matter of the model card (README.md); empty when it says nothing.
std::string model_license(const std::filesystem::path& folder);
/// The last part of the path: "glyphs".
std::string model_name(const std::filesystem::path& folder);

}  // namespace lacuna::tools
