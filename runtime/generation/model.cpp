#include "runtime/generation/model.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "fusion/models/model_registry.h"
#include "runtime/generation/model_config.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/manifest.h"
#include "text/byte_tokenizer.h"
#include "text/tokenizer_factory.h"

namespace lacuna::generation {
namespace {

/// The weights that the denoiser needs, whatever the sizes of a call.
std::vector<graph::NamedShape> denoiser_manifest(const fusion::ModelFamily& family) {
  fusion::DenoiserShape smallest{{1}, {1, false}, {}, fusion::DenoiserHead::logits};
  if (family.tokens().has_images()) smallest.image = {1, false};
  return family.build(smallest).weights();
}

void require_equal(const std::filesystem::path& file, const char* what, std::int64_t expected,
                   std::int64_t found) {
  if (expected == found) return;
  throw weights::CheckpointError(file, std::string(what) + " has " + std::to_string(found) +
                                           ", the denoiser's config.json expects " + std::to_string(expected) +
                                           "; the parts of this folder do not belong together");
}

/// Words that the text tokenizer must have: the text range, or where that is the whole vocabulary at most all of it,
/// ending where the codes begin.
void check_text_tokenizer(const fusion::ModelFamily& family, const std::filesystem::path& file, std::int64_t found) {
  const fusion::TokenSpace& tokens = family.tokens();
  if (const auto expected = family.tokenizer_ids()) {
    require_equal(file, "the text tokenizer's vocabulary", *expected, found);
    return;
  }
  const bool whole = tokens.text.size == tokens.size;
  if (!whole || tokens.has_images()) {
    require_equal(file, "the text tokenizer's vocabulary", whole ? tokens.image.begin : tokens.text.size, found);
  } else if (found > tokens.size) {
    require_equal(file, "the text tokenizer's vocabulary", tokens.size, found);
  }
}

}  // namespace

vision::Size Model::picture_size() const {
  if (!images) throw std::invalid_argument("[model] expected a model with pictures; this one has words alone");
  const int cell = images->pixels_per_code();
  return {family->sizes().grid_height * cell, family->sizes().grid_width * cell};
}

std::shared_ptr<const fusion::ModelFamily> open_family(const std::filesystem::path& folder,
                                                       const std::filesystem::path& other_tokenizer) {
  const std::filesystem::path file = folder / "config.json";
  std::filesystem::path tokenizer = other_tokenizer.empty() ? folder : other_tokenizer;
  if (std::filesystem::is_directory(tokenizer)) tokenizer /= "tokenizer.json";
  const bool named = tokenizer.extension() == ".json" && tokenizer.filename() != text::ByteTokenizer::kFileName &&
                     std::filesystem::exists(tokenizer);
  const weights::Json config = read_model_config(file);
  const bool imported = config.is_object() && config.find("lacuna");
  if (imported || !named) return fusion::open_model_family(config, file);
  fusion::TokenNames names = fusion::token_names(weights::read_json_file(tokenizer), tokenizer);
  names.encode = [&](std::string_view words) { return text::open_tokenizer(tokenizer)->encode(words); };
  return fusion::open_model_family(config, file, &names);
}

Model open_model(const std::filesystem::path& folder, graph::Executor& executor, samplers::Fidelity fidelity,
                 const std::filesystem::path& tokenizer) {
  Model model;
  model.folder = folder;
  model.family = open_family(folder, tokenizer);
  if (fidelity == samplers::Fidelity::original) {
    if (auto released = model.family->as_released()) model.family = std::move(released);
  }
  auto checkpoint = std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder));
  weights::check_manifest(denoiser_manifest(*model.family), *checkpoint, checkpoint->path());
  model.checkpoint = checkpoint;
  model.text = text::open_tokenizer(tokenizer.empty() ? folder : tokenizer);
  const auto& tokens = model.family->tokens();
  const bool pieces = std::filesystem::exists(folder / "tokenizer.model");
  const auto own = folder / (pieces ? "tokenizer.model" : "tokenizer.json");
  check_text_tokenizer(*model.family, tokenizer.empty() ? own : tokenizer, model.text->size());
  if (tokens.has_images()) {
    const std::filesystem::path images = folder / "image_tokenizer";
    model.images = vision::open_vq_tokenizer(images, executor);
    require_equal(images / "config.json", "the image tokenizer's codebook", tokens.image.size,
                  model.images->codebook_size());
  }
  model.denoiser = std::make_unique<Denoiser>(model.family, executor, checkpoint);
  return model;
}

}  // namespace lacuna::generation
