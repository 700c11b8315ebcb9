#include "fusion/training/vq_trainer.h"

#include <ATen/core/grad_mode.h>

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "fusion/training/export_model.h"
#include "fusion/training/initial_weights.h"
#include "fusion/training/picture_file.h"
#include "fusion/training/tensor_file.h"
#include "vision/metrics.h"
#include "vision/vq_network.h"

namespace lacuna::training {
namespace {

constexpr std::int64_t kValidationBatch = 32;
constexpr std::int64_t kSsimPictures = 64;
constexpr std::int64_t kSampledPictures = 32;

std::vector<int> integers(const std::string& name, const std::string& text) {
  std::vector<int> values;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    int value = 0;
    const auto parsed = std::from_chars(text.data() + begin, text.data() + end, value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + end) {
      throw OptionError("--" + name + ": expected integers with commas between, got \"" + text + "\"");
    }
    values.push_back(value);
    begin = end + 1;
  }
  return values;
}

/// Mean distance between the horizontal and vertical differences of two pictures: what blur changes most.
at::Tensor edge_distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor d = a - b;
  const std::int64_t h = d.size(2), w = d.size(3);
  return at::mean(at::abs(d.narrow(2, 1, h - 1) - d.narrow(2, 0, h - 1))) +
         at::mean(at::abs(d.narrow(3, 1, w - 1) - d.narrow(3, 0, w - 1)));
}

vision::Image to_image(const at::Tensor& pixels) {
  const at::Tensor real = ((pixels.to(at::kCPU, at::kFloat) + 1.0) * 0.5).clamp(0, 1).permute({1, 2, 0}).contiguous();
  const float* data = real.data_ptr<float>();
  return vision::Image({int(real.size(0)), int(real.size(1))}, std::vector<float>(data, data + real.numel()));
}

}  // namespace

void VqTrainOptions::describe(OptionTable& table) {
  table.section("data");
  table.add("data", data, "folder of pixel shards (lacuna prepare)");
  table.add("init-from", init_from, "model folder whose weights a new run starts with");
  table.add("decoder-only", decoder_only, "keep the encoder and the codebook of --init-from, so that codes keep their meaning");
  table.add("validation-limit", validation_limit, {1, 1e9}, "held-out pictures that are measured");
  table.section("model");
  table.add("channels", channels, {1, 4096}, "channels at full resolution");
  table.add("multipliers", multipliers, "channels of each level as multiples; one level more halves the grid");
  table.add("encoder-blocks", encoder_blocks, "residual blocks of each encoder level");
  table.add("decoder-blocks", decoder_blocks, "residual blocks of each decoder level");
  table.add("mid-attention", mid_attention, "attention at the lowest resolution");
  table.add("latent-channels", latent_channels, {1, 4096}, "width of a code");
  table.add("quantiser", quantiser, "nearest codebook entry or signs", {"nearest", "sign"});
  table.add("codebook-size", codebook_size, {2, 1 << 24}, "codes; 2^latent-channels for sign");
  table.add("normalise-latents", normalise_latents, "nearest: compare directions, not lengths");
  table.add("norm-groups", norm_groups, {1, 4096}, "groups of the group norms");
  table.section("loss");
  table.add("l1-weight", l1, {0, 1000}, "weight of the absolute error");
  table.add("l2-weight", l2, {0, 1000}, "weight of the squared error");
  table.add("edge-weight", edge, {0, 1000}, "weight of the error of differences between neighbours");
  quantiser_training.describe(table);
  augmentation.describe(table);
}

vision::VqConfig VqTrainOptions::config() const {
  vision::VqConfig config;
  config.channels = int(channels);
  config.encoder = {integers("multipliers", multipliers), integers("encoder-blocks", encoder_blocks)};
  config.decoder = {config.encoder.multipliers, integers("decoder-blocks", decoder_blocks)};
  config.mid_attention = mid_attention;
  config.latent_channels = int(latent_channels);
  config.quantiser = quantiser == "sign" ? vision::Quantiser::sign : vision::Quantiser::nearest;
  config.codebook_size = int(codebook_size);
  config.normalise_latents = normalise_latents && config.quantiser == vision::Quantiser::nearest;
  config.norm_groups = int(norm_groups);
  config.validate();
  return config;
}

VqTask::VqTask(const VqTrainOptions& options, const TrainOptions& train, const ShardSet& shards, at::Device device)
    : options_(options), train_(train), config_(options.config()),
      precision_(train.mixed_precision == "bf16" ? Precision::bf16 : Precision::f32),
      pictures_(shards, Split::train, 0, device), held_out_(shards, Split::val_cross, options.validation_limit, device),
      order_(std::uint64_t(train.seed), pictures_.weights()),
      quantiser_(config_, options.quantiser_training, std::uint64_t(train.seed), device) {
  const int cell = config_.pixels_per_code();
  if (shards.layout().picture_height % cell != 0 || shards.layout().picture_width % cell != 0) {
    throw std::invalid_argument("[vq] expected pictures whose sides are multiples of " + std::to_string(cell) +
                                " pixels, got " + std::to_string(shards.layout().picture_height) + " x " +
                                std::to_string(shards.layout().picture_width));
  }
  code_rows_ = shards.layout().picture_height / cell;
  code_columns_ = shards.layout().picture_width / cell;
  if (!options.decoder_only) return;
  if (options.init_from.empty()) {
    throw OptionError("--decoder-only: expected --init-from with the image tokenizer whose encoder is kept");
  }
  const auto encoder = initial_convolutional(0, vision::build_vq_encoder(config_, one_picture()).weights());
  load_matching(options.init_from, encoder);
  for (const NamedTensor& weight : encoder) frozen_[weight.name] = weight.tensor.to(device);
}

const VqTask::Graphs& VqTask::graphs(std::int64_t batch) {
  const auto [entry, fresh] = graphs_.try_emplace(batch);
  if (fresh) {
    const vision::VqShape shape{batch, code_rows_, code_columns_};
    entry->second = {lower_for_torch(vision::build_vq_encoder(config_, shape)),
                     lower_for_torch(vision::build_vq_decoder(config_, shape))};
  }
  return entry->second;
}

std::vector<NamedTensor> VqTask::initial_weights() const {
  std::vector<graph::NamedShape> weights;
  if (!options_.decoder_only) weights = vision::build_vq_encoder(config_, one_picture()).weights();
  for (auto& weight : vision::build_vq_decoder(config_, one_picture()).weights()) weights.push_back(weight);
  auto tensors = initial_convolutional(std::uint64_t(train_.seed), weights);
  if (!options_.init_from.empty()) {
    load_matching(options_.init_from, tensors);
    if (config_.quantiser == vision::Quantiser::nearest) {
      load_matching(options_.init_from, {{vision::kCodebookWeight, quantiser_.codebook()}});
    }
  }
  return tensors;
}

Quantised VqTask::encode(const graph::Graph& encoder, const TensorMap& weights, const at::Tensor& pixels) {
  const at::Tensor inputs[] = {pixels};
  if (!options_.decoder_only) {
    return quantiser_.quantise(torch_forward(encoder, weights, inputs, precision_)[0].to(at::kFloat));
  }
  const at::NoGradGuard no_grad;
  const at::Tensor latents = quantiser_.look_up(torch_forward(encoder, frozen_, inputs, precision_)[0]).first;
  const at::Tensor nothing = at::zeros({}, pixels.options());
  return {latents, nothing, nothing};
}

PassResult VqTask::forward(const TensorMap& weights, const PassKey& key) {
  const std::int64_t batch = train_.train_batch_size;
  const std::int64_t pass = key.step * train_.gradient_accumulation_steps + key.micro;
  std::vector<std::int32_t> pictures;
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < batch; ++i) {
    const std::int64_t position = (pass * key.ranks + key.rank) * batch + i;
    positions.push_back(position);
    pictures.push_back(std::int32_t(order_.at(std::uint64_t(position))));
  }
  at::Tensor pixels;
  {
    const at::NoGradGuard no_grad;
    pixels = augment(pictures_.batch(pictures), std::uint64_t(train_.seed), positions, options_.augmentation);
  }
  const Graphs& g = graphs(batch);
  const Quantised quantised = encode(g.encoder, weights, pixels);
  const at::Tensor decoder_inputs[] = {quantised.latents};
  const at::Tensor output = torch_forward(g.decoder, weights, decoder_inputs, precision_)[0].to(at::kFloat);
  const at::Tensor l1 = at::l1_loss(output, pixels), l2 = at::mse_loss(output, pixels);
  at::Tensor loss = options_.l1 * l1 + options_.l2 * l2 + quantised.loss;
  if (options_.edge > 0) loss = loss + options_.edge * edge_distance(output, pixels);
  // Pixels span 2, so the peak signal is 2.
  const at::Tensor psnr = -10 * at::log10(l2.detach() / 4 + 1e-12);
  return {loss, {l1.detach(), psnr, quantised.loss.detach(), quantised.perplexity}};
}

at::Tensor VqTask::reconstruct(const TensorMap& weights, const at::Tensor& pixels, at::Tensor* codes) {
  const at::NoGradGuard no_grad;
  const Graphs& g = graphs(pixels.size(0));
  const at::Tensor inputs[] = {pixels};
  const auto [latents, found] = quantiser_.look_up(torch_forward(g.encoder, encoder_weights(weights), inputs, precision_)[0]);
  if (codes != nullptr) *codes = found;
  const at::Tensor decoder_inputs[] = {latents};
  return torch_forward(g.decoder, weights, decoder_inputs, precision_)[0].to(at::kFloat).clamp(-1, 1);
}

Measurements VqTask::validate(const TensorMap& weights, std::int64_t) {
  double psnr_sum = 0, ssim_sum = 0;
  std::int64_t ssim_count = 0;
  at::Tensor used = at::zeros({config_.codebook_size}, at::TensorOptions().dtype(at::kFloat));
  for (std::int64_t begin = 0; begin < held_out_.size(); begin += kValidationBatch) {
    std::vector<std::int32_t> pictures;
    for (std::int64_t i = begin; i < std::min(held_out_.size(), begin + kValidationBatch); ++i) {
      pictures.push_back(std::int32_t(i));
    }
    const at::Tensor pixels = held_out_.batch(pictures);
    at::Tensor codes;
    const at::Tensor output = reconstruct(weights, pixels, &codes);
    const at::Tensor mse = at::mean(at::square((output - pixels) * 0.5), {1, 2, 3});
    psnr_sum += at::sum(-10 * at::log10(mse + 1e-12)).item<double>();
    used.index_fill_(0, codes.to(at::kCPU, at::kLong), 1.0);
    for (std::int64_t i = 0; i < output.size(0) && ssim_count < kSsimPictures; ++i, ++ssim_count) {
      ssim_sum += vision::ssim(to_image(output[i]), to_image(pixels[i]));
    }
  }
  if (held_out_.size() == 0) return {};
  return {{"val_psnr", psnr_sum / double(held_out_.size())},
          {"val_ssim", ssim_sum / double(std::max<std::int64_t>(1, ssim_count))},
          {"val_codes_used", at::sum(used).item<double>()}};
}

void VqTask::sample(const TensorMap& weights, std::int64_t step, const std::filesystem::path& folder) {
  const PixelSet& source = held_out_.size() > 0 ? held_out_ : pictures_;
  std::vector<std::int32_t> pictures;
  const std::int64_t count = std::min(kSampledPictures, source.size());
  for (std::int64_t i = 0; i < count; ++i) pictures.push_back(std::int32_t(i * source.size() / count));
  const at::Tensor pixels = source.batch(pictures);
  const at::Tensor pairs = at::stack({pixels, reconstruct(weights, pixels, nullptr)}, 1).flatten(0, 1);
  write_picture_grid(folder / ("step-" + std::to_string(step) + "-reconstruction.png"), real_to_pixels(pairs), 16);
}

void VqTask::export_model(const TensorMap& weights, const std::filesystem::path& folder) {
  TensorMap all = weights;
  all.insert(frozen_.begin(), frozen_.end());
  if (quantiser_.codebook().defined()) all[vision::kCodebookWeight] = quantiser_.codebook();
  export_model_folder(folder, config_.to_json(), all, {});
}

}  // namespace lacuna::training
