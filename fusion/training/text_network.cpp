#include "fusion/training/text_network.h"

#include <stdexcept>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json_file.h"

namespace lacuna::training {
namespace {

constexpr std::size_t kGraphsKept = 512;
constexpr double kSmallest = 1e-30;  // of what a logarithm is taken of

/// T times KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)) by row. Both have the factor A_j = q(x_t | x_{t-1} = j), which
/// cancels in their ratio.
at::Tensor uniform_divergence(const at::Tensor& mu, const TextBatch& batch, int steps, at::Device device) {
  const auto column = [&](const std::vector<float>& values) { return to_torch(values, device).to(mu.scalar_type()).unsqueeze(1); };
  const double classes = double(mu.size(1));
  const at::Tensor noisy = to_torch(batch.noisy, device).to(at::kLong).unsqueeze(1);
  const at::Tensor target = to_torch(batch.targets, device).to(at::kLong).unsqueeze(1);
  const at::Tensor kept = column(batch.kept), before = column(batch.kept_before);
  const at::Tensor mine = uniform_reverse(mu, noisy, kept, before);
  const at::Tensor same = at::eq(noisy, target).to(mu.scalar_type());
  const at::Tensor is_target = at::zeros_like(mu).scatter(1, target, 1.0), is_noisy = at::zeros_like(mu).scatter(1, noisy, 1.0);
  const at::Tensor exact = (before * is_target + (1 - before) / classes) / (kept * same + (1 - kept) / classes);
  const at::Tensor step = kept / before;
  const at::Tensor posterior = exact * (step * is_noisy + (1 - step) / classes);
  const at::Tensor ratio = at::log(at::clamp_min(exact, kSmallest)) - at::log(at::clamp_min(mine, kSmallest));
  return at::sum(posterior * ratio, {1}) * double(steps);
}

}  // namespace

at::Tensor uniform_reverse(const at::Tensor& mu, const at::Tensor& noisy, const at::Tensor& kept,
                           const at::Tensor& kept_before) {
  const double classes = double(mu.size(1));
  const at::Tensor is_noisy = at::zeros_like(mu).scatter(1, noisy, 1.0);
  const at::Tensor weighted = mu / (kept * is_noisy + (1 - kept) / classes);
  return kept_before * weighted + (1 - kept_before) / classes * at::sum(weighted, {1}, true);
}

TextNetwork::TextNetwork(const fusion::LacunaConfig& config, at::Device device, Precision precision)
    : config_(config), family_(fusion::make_lacuna_family(config)), device_(device), precision_(precision) {}

std::vector<graph::NamedShape> TextNetwork::weights() const {
  return family_->build({{config_.sizes.total()}, {1, false}, {0, false}, fusion::DenoiserHead::logits}).weights();
}

const graph::Graph& TextNetwork::graph_of(const TextBatch& batch) {
  if (graphs_.size() > kGraphsKept) graphs_.clear();
  const std::int64_t columns = batch.bias.empty() ? 0 : batch.length;
  const auto [entry, fresh] =
      graphs_.try_emplace({batch.sequences, batch.length, columns, std::int64_t(batch.rows.size())});
  if (fresh) {
    fusion::DenoiserShape shape;
    shape.segments.assign(std::size_t(batch.sequences), batch.length);
    shape.text.count = std::int64_t(batch.rows.size());
    shape.head = fusion::DenoiserHead::logits;
    shape.bias_columns = columns;
    entry->second = lower_for_torch(family_->build(shape));
  }
  return entry->second;
}

at::Tensor TextNetwork::logits(const TensorMap& weights, const TextBatch& batch) {
  std::vector<std::int32_t> positions;  // on the first of three axes
  for (const std::int32_t place : batch.places) positions.insert(positions.end(), {place, 0, 0});
  const auto rows = std::int64_t(batch.ids.size());
  std::vector<at::Tensor> inputs{to_torch(batch.ids, device_), to_torch(positions, device_).view({rows, 3})};
  if (!batch.bias.empty()) inputs.push_back(to_torch(batch.bias, device_).view({rows, batch.length}));
  if (config_.transformer.time != fusion::TimeInput::absent) {
    inputs.push_back(to_torch(batch.times, device_).view({rows, 1}));
  }
  inputs.push_back(to_torch(batch.rows, device_));
  return torch_forward(graph_of(batch), weights, inputs, precision_)[0].to(at::kFloat);
}

at::Tensor TextNetwork::losses(const TensorMap& weights, const TextBatch& batch, int diffusion_steps, double lambda) {
  const at::Tensor scores = logits(weights, batch);
  const bool uniform = !batch.noisy.empty();
  at::Tensor loss;
  if (!uniform || lambda > 0) {
    const at::Tensor targets = to_torch(batch.targets, device_).to(at::kLong);
    loss = at::cross_entropy_loss(scores, targets, {}, at::Reduction::None);
    if (!uniform) return loss;
    loss = loss * lambda;
  }
  const at::Tensor bound = uniform_divergence(at::softmax(scores, 1), batch, diffusion_steps, device_);
  return loss.defined() ? bound + loss : bound;
}

LoadedTextModel load_text_model(const std::filesystem::path& folder, at::Device device) {
  LoadedTextModel model{fusion::LacunaConfig::from_json(weights::read_json_file(folder / "config.json"), folder / "config.json"), {}};
  if (model.config.tokens.has_images()) {
    throw std::invalid_argument("[text] " + folder.string() + ": expected a model of text alone");
  }
  const auto checkpoint = weights::Checkpoint::open(folder);
  for (const std::string& name : checkpoint.names()) model.weights.emplace(name, to_torch(*checkpoint.find(name), device));
  return model;
}

}  // namespace lacuna::training
