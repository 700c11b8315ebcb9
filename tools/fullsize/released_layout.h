#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/weights/json.h"
#include "runtime/weights/safetensors_writer.h"

namespace lacuna::fullsize {

/// The sizes of a release. `small` keeps every name, file and id and has little in its tensors.
enum class Scale : std::uint8_t { released, small };
enum class Release : std::uint8_t { llada, mmada, magvit, lumina, vqmodel };

/// Whether it is an image tokenizer.
inline bool has_codebook(Release release) { return release == Release::magvit || release == Release::vqmodel; }

/// One file of a checkpoint.
struct Shard {
  std::string file;
  std::vector<weights::TensorSpec> tensors;
};

/// config.json as released (MMaDA: as its code writes it; Lumina-DiMOO and its VQModel: as their code and diffusers read it,
/// since the released files were not at hand).
weights::Json config_of(Release release, Scale scale);
/// The files of a checkpoint with their tensors. LLaDA and MMaDA: six bf16 shards grouped by kind of tensor, not by
/// layer, and so for the index to tell (fewer at the small scale), and Lumina-DiMOO the same; the image tokenizers: one f32
/// file.
std::vector<Shard> shards_of(Release release, Scale scale);

}  // namespace lacuna::fullsize
