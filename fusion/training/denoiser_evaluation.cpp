#include "fusion/training/denoiser_evaluation.h"

#include <algorithm>

#include "runtime/generation/denoise_loop.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::training {
namespace {

constexpr std::size_t kCanvasesAtOnce = 64;
constexpr int kPictureSteps = 12;
constexpr float kGuidance = 3.0f;
constexpr double kRandomness = 3.0;

}  // namespace

DenoiserEvaluation::DenoiserEvaluation(std::shared_ptr<const fusion::ModelFamily> family,
                                       std::shared_ptr<const ShardSet> shards, at::Device device, Precision precision)
    : family_(std::move(family)), shards_(std::move(shards)), executor_(device, precision) {}
DenoiserEvaluation::~DenoiserEvaluation() = default;

std::vector<std::string> DenoiserEvaluation::captions(const TensorMap& weights,
                                                      std::span<const std::int64_t> records) {
  generation::Denoiser denoiser(family_, executor_, std::make_shared<TensorWeights>(weights));
  const auto sampler = samplers::make_sampler("confidence");
  generation::LoopOptions options;
  options.steps = family_->sizes().text_length;
  options.draws.text.temperature = 0.0f;
  std::vector<std::string> captions;
  std::vector<std::int32_t> codes(std::size_t(family_->sizes().image_length()));
  for (std::size_t begin = 0; begin < records.size(); begin += kCanvasesAtOnce) {
    std::vector<fusion::Canvas> canvases;
    for (std::size_t i = begin; i < std::min(records.size(), begin + kCanvasesAtOnce); ++i) {
      shards_->read_codes(records[i], 0, codes);
      canvases.push_back(family_->caption(codes, {}));
    }
    const std::vector<std::uint64_t> seeds(canvases.size(), 0);
    generation::denoise(denoiser, *sampler, canvases, seeds, options);
    const fusion::TokenSpace& tokens = family_->tokens();
    for (const fusion::Canvas& canvas : canvases) {
      std::vector<std::int32_t> ids;
      for (const std::int32_t id : canvas.ids(fusion::Modality::text)) {
        if (id == tokens.end_of_text) break;
        ids.push_back(id - tokens.text.begin);
      }
      captions.push_back(shards_->pieces().decode(ids));
    }
  }
  return captions;
}

at::Tensor DenoiserEvaluation::pictures(const TensorMap& weights, std::span<const std::int64_t> records,
                                        std::uint64_t seed) {
  generation::Denoiser denoiser(family_, executor_, std::make_shared<TensorWeights>(weights));
  const auto sampler = samplers::make_sampler("confidence", {{{"randomness", kRandomness}}});
  generation::LoopOptions options;
  options.steps = kPictureSteps;
  options.image_schedule = fusion::NoiseSchedule(fusion::ScheduleKind::arcsin);
  options.draws.image.guidance_scale = kGuidance;
  const fusion::TokenSpace& tokens = family_->tokens();
  std::vector<fusion::Canvas> canvases;
  std::vector<std::uint64_t> seeds;
  for (const std::int64_t record : records) {
    std::vector<std::int32_t> text;
    for (const std::int32_t id : shards_->caption(record, 0)) text.push_back(tokens.text.begin + id);
    canvases.push_back(family_->generate(text));
    seeds.push_back(seed + seeds.size());
  }
  generation::denoise(denoiser, *sampler, canvases, seeds, options);
  const std::int64_t length = family_->sizes().image_length();
  at::Tensor codes = at::empty({std::int64_t(records.size()), length}, at::TensorOptions().dtype(at::kInt));
  for (std::size_t i = 0; i < canvases.size(); ++i) {
    const auto ids = canvases[i].ids(fusion::Modality::image);
    for (std::int64_t j = 0; j < length; ++j) {
      codes.data_ptr<std::int32_t>()[std::int64_t(i) * length + j] = ids[std::size_t(j)] - tokens.image.begin;
    }
  }
  return codes;
}

std::string DenoiserEvaluation::main_caption(std::int64_t record) const {
  return shards_->pieces().decode(shards_->caption(record, 0));
}

bool DenoiserEvaluation::says_label(const std::string& caption, std::int64_t record) const {
  const RecordInfo info = shards_->info(record);
  const std::string& label = shards_->index().labels[std::size_t(info.label)];
  const std::string& style = shards_->index().styles[std::size_t(info.style)];
  std::string_view rest = caption;
  if (rest.starts_with(style + ": ")) rest.remove_prefix(style.size() + 2);
  if (!rest.starts_with(label)) {
    // A label that is right under a wrong style is still the right label.
    const auto colon = rest.find(": ");
    if (colon == std::string_view::npos) return false;
    rest.remove_prefix(colon + 2);
  }
  if (!rest.starts_with(label)) return false;
  rest.remove_prefix(label.size());
  return rest.empty() || rest.starts_with(": ") || rest.starts_with(", ");
}

}  // namespace lacuna::training
