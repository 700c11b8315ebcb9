#include "runtime/generation/model.h"

#include <string>
#include <vector>

#include "fusion/models/model_registry.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/manifest.h"
#include "text/tokenizer_factory.h"

namespace lacuna::generation {
namespace {

/// The weights that the denoiser needs, whatever the sizes of a call.
std::vector<graph::NamedShape> denoiser_manifest(const fusion::ModelFamily& family) {
  const fusion::DenoiserShape smallest{{1}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
  return family.build(smallest).weights();
}

void require_equal(const std::filesystem::path& file, const char* what, std::int64_t expected,
                   std::int64_t found) {
  if (expected == found) return;
  throw weights::CheckpointError(file, std::string(what) + " has " + std::to_string(found) +
                                           ", the denoiser's config.json expects " + std::to_string(expected) +
                                           "; the parts of this folder do not belong together");
}

}  // namespace

vision::Size Model::picture_size() const {
  const int cell = images->pixels_per_code();
  return {family->sizes().grid_height * cell, family->sizes().grid_width * cell};
}

Model open_model(const std::filesystem::path& folder, graph::Executor& executor) {
  Model model;
  model.folder = folder;
  const std::filesystem::path config = folder / "config.json";
  model.family = fusion::open_model_family(weights::read_json_file(config), config);
  auto checkpoint = std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder));
  weights::check_manifest(denoiser_manifest(*model.family), *checkpoint, checkpoint->path());
  model.checkpoint = checkpoint;
  model.text = text::open_tokenizer(folder);
  const auto& tokens = model.family->tokens();
  require_equal(folder / "tokenizer.model", "the text tokenizer's vocabulary", tokens.text.size,
                model.text->size());
  const std::filesystem::path images = folder / "image_tokenizer";
  model.images = vision::open_vq_tokenizer(images, executor);
  require_equal(images / "config.json", "the image tokenizer's codebook", tokens.image.size,
                model.images->codebook_size());
  model.denoiser = std::make_unique<Denoiser>(model.family, executor, checkpoint);
  return model;
}

}  // namespace lacuna::generation
