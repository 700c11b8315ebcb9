#include "runtime/generation/import_model.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "fusion/models/llada_family.h"
#include "fusion/models/lumina_config.h"
#include "fusion/models/model_registry.h"
#include "runtime/generation/gguf_config.h"
#include "runtime/generation/model_config.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/mapped_file.h"
#include "runtime/weights/manifest.h"
#include "runtime/weights/tensor_source.h"
#include "text/tokenizer_factory.h"
#include "vision/read_vq_config.h"
#include "vision/vq_network.h"

namespace lacuna::generation {
namespace {

namespace fs = std::filesystem;
using weights::CheckpointError;
using weights::ConversionTensor;
using weights::Json;
using weights::TensorSource;

/// One checkpoint to be written.
struct Part {
  fs::path folder;
  Json config;
  std::vector<ConversionTensor> tensors;
  std::string identity;
};

/// Everything that was opened and checked.
struct Import {
  std::string family;
  std::vector<Part> parts;         // the model, then its image tokenizer
  fs::path tokenizer;
  std::vector<fs::path> companions;  // other small files that are copied
};

/// The config with a section of its own for what the released one does not say.
Json with_section(const Json& config, const ImportOptions& options, const fusion::ModelFamily& family) {
  Json section = family.config_section();
  if (section.is_null()) return config;
  if (family.tokens().has_images()) {
    section.set("text_length", options.text_length.value_or(family.sizes().text_length));
    const auto [rows, columns] =
        options.grid.value_or(std::array{family.sizes().grid_height, family.sizes().grid_width});
    section.set("image_grid", Json(Json::Array{rows, columns}));
  }
  Json result = config;
  result.set("lacuna", std::move(section));
  return result;
}

/// Whether a weight of the denoiser lies in one of the blocks that are to stay as they are.
bool in_kept_block(const std::string& name, int layers, int keep) {
  const std::size_t at = name.find_first_of("0123456789");
  if (keep <= 0 || at == std::string::npos) return false;
  const int layer = std::atoi(name.c_str() + at);
  return layer < keep || layer >= layers - keep;
}

bool holds_blocks(graph::DType dtype) {
  return dtype == graph::DType::q8_0 || dtype == graph::DType::q4_0 || dtype == graph::DType::q4_1;
}

/// Norms, biases and what makes modulations stay f32: they are small, and everything is multiplied by them.
graph::DType dtype_of(const graph::NamedShape& weight, const fusion::ModelFamily& family,
                      const ImportOptions& options) {
  const graph::Shape& shape = weight.shape;
  const bool modulates = weight.name.find("adaLN") != std::string::npos || weight.name.find("sigma_map") != std::string::npos;
  if (shape.rank() < 2 || modulates) return graph::DType::f32;
  const bool table = shape[0] == family.transformer().vocabulary;
  const bool kept = table || in_kept_block(weight.name, family.transformer().layers, options.keep_blocks);
  graph::DType dtype = kept ? options.sensitive : options.type;
  if (holds_blocks(dtype) && shape[1] % 32 != 0) dtype = graph::DType::bf16;
  return dtype;
}

std::string identity_of(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error).time_since_epoch().count();
  return fs::absolute(path).lexically_normal().string() + " " + std::to_string(time);
}

/// The name that the source has for a weight: as it is, or with or without the prefix of Hugging Face's wrappers.
std::string stored_name(const TensorSource& source, const std::string& name) {
  constexpr std::string_view kPrefix = "backbone.";
  if (source.find(name)) return name;
  const std::string other = name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : std::string(kPrefix) + name;
  return source.find(other) ? other : name;
}

/// What the source holds under `name`, checked against what the network needs.
void require_tensor(const TensorSource& source, const graph::NamedShape& weight) {
  const auto stored = source.find(weight.name);
  if (!stored) {
    throw CheckpointError(source.path(), "expected the tensor \"" + weight.name + "\" " + weight.shape.to_string() +
                                             ", there is none; is a shard missing?");
  }
  if (stored->shape == weight.shape) return;
  throw CheckpointError(source.path(), "tensor \"" + weight.name + "\": expected " + weight.shape.to_string() +
                                           " as config.json says, got " + stored->shape.to_string());
}

std::vector<graph::NamedShape> denoiser_weights(const fusion::ModelFamily& family) {
  fusion::DenoiserShape smallest{{1}, {1, false}, {}, fusion::DenoiserHead::logits};
  if (family.tokens().has_images()) smallest.image = {1, false};
  return family.build(smallest).weights();
}

Part denoiser_part(const ImportOptions& options, const Json& config, const fusion::ModelFamily& family) {
  const std::shared_ptr<const TensorSource> source = weights::open_tensor_source(options.model);
  const bool gguf = weights::is_gguf(options.model);
  Part part{options.output, with_section(config, options, family), {}, identity_of(source->path())};
  for (const auto& weight : denoiser_weights(family)) {
    const std::string stored = gguf ? gguf_name(weight.name) : stored_name(*source, weight.name);
    require_tensor(*source, {stored, weight.shape});
    part.tensors.push_back(
        weights::conversion_of(source, stored, weight.name, dtype_of(weight, family, options),
                               gguf ? gguf_row_order(config, weight.name) : std::vector<std::int64_t>{}));
  }
  return part;
}

Part image_part(const fs::path& folder, const fs::path& output, const fusion::ModelFamily& family) {
  const auto checkpoint = std::make_shared<const weights::Checkpoint>(weights::Checkpoint::open(folder));
  const vision::VqConfig config = vision::read_vq_config(folder, *checkpoint);
  if (config.codebook_size != family.tokens().image.size) {
    throw CheckpointError(folder / "config.json",
                          "the image tokenizer's codebook has " + std::to_string(config.codebook_size) +
                              " codes, the model's config.json expects " + std::to_string(family.tokens().image.size) +
                              "; the parts do not belong together");
  }
  const std::shared_ptr<const TensorSource> source = weights::tensor_source_of(checkpoint);
  Part part{output, config.to_json(), {}, identity_of(source->path())};
  for (const auto& graph : {vision::build_vq_tokeniser(config, {1, 1, 1}), vision::build_vq_detokeniser(config, {1, 1, 1})}) {
    for (const auto& weight : graph.weights()) {
      if (std::ranges::find(part.tensors, weight.name, &ConversionTensor::name) != part.tensors.end()) continue;
      require_tensor(*source, weight);
      // As stored: a picture's codes change where a latent moves across 0.
      const bool half = source->find(weight.name)->nearest == graph::DType::bf16;
      part.tensors.push_back(weights::conversion_of(source, weight.name, weight.name,
                                                    half ? graph::DType::bf16 : graph::DType::f32));
    }
  }
  return part;
}

void check(const ImportOptions& options) {
  const auto require = [](bool ok, const char* rule) {
    if (!ok) throw std::invalid_argument(std::string("[import] expected ") + rule);
  };
  require(options.keep_blocks >= 0, "a number of blocks to keep >= 0");
  require(!options.text_length || (*options.text_length >= 2 && *options.text_length <= 65536),
          "a text length from 2 to 65536");
  for (const int side : options.grid.value_or(std::array{1, 1})) {
    require(side >= 1 && side <= 4096, "a grid from 1 to 4096 codes a side");
  }
  require(options.threads >= 1, "at least one thread");
}

/// The release of Lumina-DiMOO says LLaDA in its config.json, and its embedding has more rows.
Json with_embedding_rows(const Json& config, const fs::path& checkpoint) {
  const auto source = weights::open_tensor_source(checkpoint);
  const std::string name = fusion::llada_names().embedding;
  const auto embedding = source->find(name);
  if (!embedding || embedding->shape.rank() != 2) {
    throw CheckpointError(source->path(), "expected the tensor \"" + name + "\" [ids, width]; is a shard missing?");
  }
  return fusion::lumina_config_json(config, embedding->shape[0]);
}

/// Where the image tokenizer lies: as named, or beside the model as diffusers does it.
std::optional<fs::path> image_tokenizer_of(const ImportOptions& options, const fs::path& folder) {
  if (options.image_tokenizer || !fs::exists(folder / "vqvae" / "config.json")) return options.image_tokenizer;
  return folder / "vqvae";
}

Import open_import(const ImportOptions& options) {
  check(options);
  const bool gguf = weights::is_gguf(options.model);
  const fs::path folder = gguf ? options.model.parent_path() : options.model;
  const fs::path file = gguf ? options.model : folder / "config.json";
  fs::path tokenizer = options.tokenizer.value_or(folder / "tokenizer.json");
  if (fs::is_directory(tokenizer)) tokenizer /= "tokenizer.json";
  if (!fs::exists(tokenizer)) {
    throw weights::IoError(tokenizer, "find the model's tokenizer; a release without one takes --tokenizer (MDLM, BD3-LM and "
                                      "SEDD: that of GPT-2)", ENOENT);
  }
  Json config = gguf ? gguf_config(weights::GgufFile(options.model)) : read_model_config(file);
  fusion::TokenNames names = fusion::token_names(weights::read_json_file(tokenizer), tokenizer);
  // A tokenizer that cannot be used is found now, not after an hour.
  const std::shared_ptr<const text::TextTokenizer> words = text::open_tokenizer(tokenizer);
  names.encode = [words](std::string_view text) { return words->encode(text); };
  if (!gguf && fusion::is_lumina(config, &names)) config = with_embedding_rows(config, options.model);
  const auto family = fusion::open_model_family(config, file, &names);
  Import opened;
  opened.family = fusion::model_type_of(config, file);
  opened.parts.push_back(denoiser_part(options, config, *family));
  if (family->tokens().has_images()) {
    const auto images = image_tokenizer_of(options, folder);
    if (!images) {
      throw CheckpointError(file, "this model has pictures: name the folder of its image tokenizer as well (MMaDA: "
                                  "MAGVIT-v2; Lumina-DiMOO: the folder vqvae of its release)");
    }
    opened.parts.push_back(image_part(*images, options.output / "image_tokenizer", *family));
  } else if (options.image_tokenizer) {
    throw CheckpointError(file, "this model has words alone, there is nothing for an image tokenizer to do");
  }
  opened.tokenizer = tokenizer;
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json",
                           "generation_config.json", "LICENSE", "README.md"}) {
    if (!gguf && fs::is_regular_file(folder / name)) opened.companions.push_back(folder / name);
  }
  return opened;
}

void copy_small_file(const fs::path& from, const fs::path& to) {
  const weights::MappedFile file(from);
  weights::write_file_atomic(to, file.bytes());
}

}  // namespace

std::uint64_t import_bytes(const ImportOptions& options) {
  std::uint64_t bytes = 0;
  for (const Part& part : open_import(options).parts) bytes += weights::converted_bytes(part.tensors);
  return bytes;
}

ImportReport import_model(const ImportOptions& options) {
  const Import opened = open_import(options);
  if (fs::exists(options.output / "config.json")) {
    throw weights::IoError(options.output / "config.json", "write", EEXIST);
  }
  ImportReport report;
  report.family = opened.family;
  std::size_t total = 0;
  for (const Part& part : opened.parts) total += part.tensors.size();
  // The image tokenizer first: it is small, and what is wrong with it shows at once.
  for (auto part = opened.parts.rbegin(); part != opened.parts.rend(); ++part) {
    weights::ConversionOptions conversion;
    conversion.threads = options.threads;
    conversion.identity = part->identity;
    const std::size_t before = report.tensors.size();
    if (options.progress) {
      conversion.progress = [&, before](const weights::TensorReport& tensor, std::size_t done, std::size_t) {
        options.progress(tensor, before + done, total);
      };
    }
    if (!fs::exists(part->folder / "config.json")) {
      const auto written = weights::convert_tensors(part->folder, part->tensors, conversion);
      report.tensors.insert(report.tensors.end(), written.begin(), written.end());
    }
    if (part->folder == options.output) {
      copy_small_file(opened.tokenizer, options.output / "tokenizer.json");
      for (const fs::path& file : opened.companions) copy_small_file(file, options.output / file.filename());
    }
    weights::write_json_file(part->folder / "config.json", part->config);
    report.bytes += weights::converted_bytes(part->tensors);
  }
  return report;
}

}  // namespace lacuna::generation
