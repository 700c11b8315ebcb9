#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fusion/training/tensors.h"
#include "runtime/weights/json.h"

namespace lacuna::training {

/// How a model folder is written.
struct ExportOptions {
  std::string dtype = "bf16";  // f32, bf16 or int8 (matrices and filters as int8 rows with a factor each, the rest f32)
  std::int64_t shard_size_mb = 0;  // 0 = one file
};

/// Writes config.json and the weights, sorted by name, into `folder`. Throws weights::IoError.
void export_model_folder(const std::filesystem::path& folder, const weights::Json& config, const TensorMap& weights,
                         const ExportOptions& options);

/// Rewrites a model folder with another dtype or shard size. Throws weights::IoError, weights::CheckpointError.
void convert_model_folder(const std::filesystem::path& from, const std::filesystem::path& to,
                          const ExportOptions& options);

}  // namespace lacuna::training
