#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lacuna::tools {

/// Files of a model folder that decide what it computes: configurations, weights, tokenizer;
/// sorted, relative.
std::vector<std::filesystem::path> model_files(const std::filesystem::path& folder);
/// One SHA-256 over the names and contents of `model_files`. Throws weights::IoError.
std::string model_sha256(const std::filesystem::path& folder);
/// "apache-2.0" from the front matter of the model card (README.md); empty when it says nothing.
std::string model_license(const std::filesystem::path& folder);
/// The last part of the path: "glyphs".
std::string model_name(const std::filesystem::path& folder);

}  // namespace lacuna::tools
