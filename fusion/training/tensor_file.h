#pragma once

#include <filesystem>
#include <vector>

#include "fusion/training/tensors.h"

namespace lacuna::training {

/// Writes tensors (float32, int32, int64 or uint8 on any device) as one safetensors file, atomically.
/// Throws weights::IoError.
void save_tensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors);

/// Copies the tensors of a safetensors file into `tensors`, in place; names, dtypes and shapes must agree, and
/// tensors that the file has beyond these are an error. Throws weights::IoError, weights::CheckpointError.
void load_tensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors);

/// Copies those weights of a model folder or file that `tensors` has too; returns how many. For starting a new
/// run from a trained model. Throws weights::IoError, weights::CheckpointError for another shape.
std::size_t load_matching(const std::filesystem::path& model, const std::vector<NamedTensor>& tensors);

}  // namespace lacuna::training
