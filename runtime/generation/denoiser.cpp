#include "runtime/generation/denoiser.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/models/seen_rows.h"
#include "runtime/generation/host_proposal.h"
#include "runtime/generation/text_end.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using graph::DType;
using graph::HostTensor;
using samplers::PositionProposal;

constexpr Modality kModalities[] = {Modality::text, Modality::image};
constexpr std::size_t kKeptPlans = 64;
constexpr std::int64_t kKeyWords = 5;  // of a row of the keys input

/// Row counts that plans are made for, so that a run in which fewer positions are masked each step needs few.
std::int64_t bucket(std::int64_t rows, std::int64_t unit) { return (rows + unit - 1) / unit * unit; }

graph::DeviceError no_number(int position) {
  return graph::DeviceError(graph::DeviceError::Kind::unsupported,
                            "the network gave no number at position " + std::to_string(position) +
                                "; the weights are damaged or this precision is too small for them");
}

/// One wanted row: which request and position, and where the row lies in each branch.
struct WantedRow {
  std::size_t request = 0;
  int position = 0;
  std::int32_t row = 0;
  std::int32_t unconditional_row = 0;
  std::int32_t banned = -1;  // class that may not be drawn
};

/// With n of L positions masked, the time of a linear schedule is n / L (arXiv 2409.02908, section 3.1).
double masked_part(const Canvas& canvas) {
  int positions = 0;
  for (const fusion::Span& span : canvas.spans()) positions += span.size;
  return positions == 0 ? 0.0 : double(canvas.masked_count()) / double(positions);
}

/// End-of-text where a known word follows and the model reads it as the end, else nothing.
std::int32_t banned_class(const fusion::TokenSpace& space, const Canvas& canvas, int position) {
  if (space.text_end != fusion::TextEnd::fills_span) return -1;
  for (const fusion::Span& span : canvas.spans()) {
    const bool inside = position >= span.begin && position < span.end();
    if (inside && span.modality == Modality::text && position < last_word(space, canvas, span)) {
      return space.end_of_text - space.text.begin;
    }
  }
  return -1;
}

}  // namespace

/// All sequences of a pass, laid one after another.
struct Denoiser::Batch {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> positions;
  std::vector<float> times;  // by row, as ModelFamily::time_input of its sequence says
  std::vector<std::int64_t> segments;
  std::vector<WantedRow> rows[2];  // by modality
  bool guided[2] = {false, false};

  /// Appends a sequence and returns its first row.
  std::int32_t append(std::span<const std::int32_t> sequence, std::span<const std::int32_t> places, float time) {
    const auto first = std::int32_t(ids.size());
    ids.insert(ids.end(), sequence.begin(), sequence.end());
    positions.insert(positions.end(), places.begin(), places.end());
    times.insert(times.end(), sequence.size(), time);
    segments.push_back(std::int64_t(sequence.size()));
    return first;
  }

  /// The inputs before those of the heads; says in `shape` which there are.
  std::vector<HostTensor> network_inputs(const fusion::ModelFamily& family, fusion::DenoiserShape& shape) const;
};

std::vector<HostTensor> Denoiser::Batch::network_inputs(const fusion::ModelFamily& family,
                                                        fusion::DenoiserShape& shape) const {
  const fusion::TransformerConfig& config = family.transformer();
  const auto total = std::int64_t(ids.size());
  std::vector<HostTensor> inputs;
  inputs.push_back(HostTensor::of({total}, ids));
  inputs.push_back(HostTensor::of({total, std::int64_t(config.position_axes())}, positions));
  if (auto bias = fusion::attention_bias(family, ids, shape)) inputs.push_back(std::move(*bias));
  if (config.time != fusion::TimeInput::absent) {
    inputs.push_back(HostTensor::of({total, 1}, times));
  }
  return inputs;
}

Denoiser::Denoiser(std::shared_ptr<const fusion::ModelFamily> family, graph::Executor& executor,
                   std::shared_ptr<const graph::WeightSource> weights)
    : family_(std::move(family)), executor_(executor), weights_(std::move(weights)) {}

void Denoiser::run(const fusion::DenoiserShape& shape, std::span<const HostTensor> inputs,
                   std::span<HostTensor> outputs) {
  const Key key{shape.segments, shape.text.count, shape.text.guided, shape.image.count, shape.image.guided,
                shape.head};
  if (plans_.size() >= kKeptPlans && !plans_.contains(key)) plans_.clear();
  Planned& planned = plans_[key];
  if (!planned.plan) {
    const graph::Graph graph = family_->build(shape);
    planned = {executor_.prepare(graph, weights_), graph.flops()};
  }
  if (!first_began_) first_began_ = std::chrono::steady_clock::now();
  planned.plan->run(inputs, outputs);
  flops_ += planned.flops;
}

std::size_t Denoiser::scratch_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [key, planned] : plans_) bytes += planned.plan ? planned.plan->scratch_bytes() : 0;
  return bytes;
}

Denoiser::Batch Denoiser::lay_out(std::span<const DenoiseRequest> requests, const Draws& draws) const {
  if (family_->noise() != fusion::NoiseKind::absorbing) {
    throw std::invalid_argument("[denoiser] expected a model that fills masks; this one undoes uniform noise, in which every "
                                "token may change at every step: lacuna complete writes with it");
  }
  const int shift = family_->transformer().logit_shift;
  Batch batch;
  for (Modality m : kModalities) {
    draws.of(m).validate();
    batch.guided[int(m)] = draws.of(m).guidance_scale != 1.0f;
  }
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const Canvas& canvas = *requests[r].canvas;
    const auto places = family_->positions(canvas);
    const float time = family_->time_input(masked_part(canvas));
    const std::int32_t first = batch.append(canvas.ids(), places, time);
    for (Modality m : kModalities) {
      std::vector<int> wanted = canvas.masked_positions(m);
      if (!requests[r].positions.empty()) {
        std::erase_if(wanted, [&](int p) { return !std::ranges::binary_search(requests[r].positions, p); });
      }
      if (wanted.empty()) continue;
      std::int32_t without = first;
      if (batch.guided[int(m)]) {
        const fusion::Branch branch = family_->unconditional(canvas, m);
        if (branch.shift != 0 || !std::ranges::equal(branch.ids, canvas.ids())) {
          without = batch.append(branch.ids, branch.positions, time) + branch.shift;
        }
      }
      for (int p : wanted) {
        const std::int32_t row = std::max(0, p - (m == Modality::text ? shift : 0));
        batch.rows[int(m)].push_back(
            {r, p, first + row, without + row,
             requests[r].text_rule == TextRule::kept ? banned_class(family_->tokens(), canvas, p) : -1});
      }
    }
  }
  return batch;
}

std::vector<std::vector<PositionProposal>> Denoiser::propose(std::span<const DenoiseRequest> requests,
                                                             const Draws& draws, std::uint32_t step) {
  const Batch batch = lay_out(requests, draws);
  if (batch.rows[0].empty() && batch.rows[1].empty()) return Proposals(requests.size());
  const bool on_host = std::ranges::any_of(
      requests, [](const DenoiseRequest& r) { return r.distributions || !r.banned.empty(); });
  Proposals proposals = on_host ? propose_on_host(requests, draws, step, batch)
                                : propose_on_device(requests, draws, step, batch);
  ++passes_;
  for (auto& list : proposals) std::ranges::sort(list, {}, &PositionProposal::position);
  return proposals;
}

Denoiser::Proposals Denoiser::propose_on_device(std::span<const DenoiseRequest> requests, const Draws& draws,
                                                std::uint32_t step, const Batch& batch) {
  Proposals proposals(requests.size());
  fusion::DenoiserShape shape{batch.segments, {}, {}, fusion::DenoiserHead::proposals};
  std::vector<HostTensor> inputs = batch.network_inputs(*family_, shape);
  std::vector<HostTensor> outputs;
  for (Modality m : kModalities) {
    const auto& rows = batch.rows[int(m)];
    if (rows.empty()) continue;
    const std::int64_t count = bucket(std::int64_t(rows.size()), m == Modality::text ? 8 : 32);
    const bool guided = batch.guided[int(m)];
    (m == Modality::text ? shape.text : shape.image) = {count, guided};
    HostTensor wanted(DType::i32, {count}), unconditional(DType::i32, {count}), keys(DType::i32, {count, kKeyWords});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint64_t seed = requests[rows[i].request].seed;
      wanted.i32()[i] = rows[i].row;
      unconditional.i32()[i] = rows[i].unconditional_row;
      const std::int32_t key[] = {std::int32_t(std::uint32_t(seed)), std::int32_t(std::uint32_t(seed >> 32)),
                                  std::int32_t(step), rows[i].position, rows[i].banned};
      std::ranges::copy(key, keys.i32().subspan(kKeyWords * i).begin());
    }
    const DrawOptions& draw = draws.of(m);
    const float sampling[] = {draw.temperature, draw.guidance_scale, float(draw.top_k), draw.top_p};
    inputs.push_back(std::move(wanted));
    if (guided) inputs.push_back(std::move(unconditional));
    inputs.push_back(HostTensor::of({4}, sampling));
    inputs.push_back(std::move(keys));
    outputs.emplace_back(DType::f32, graph::Shape{count, 4});
  }
  run(shape, inputs, outputs);

  std::size_t output = 0;
  for (Modality m : kModalities) {
    const auto& rows = batch.rows[int(m)];
    if (rows.empty()) continue;
    const std::int32_t offset = family_->tokens().range(m).begin;
    const auto values = std::as_const(outputs[output++]).f32();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const float* v = &values[4 * i];
      if (!std::isfinite(v[1]) || !std::isfinite(v[3])) {
        throw no_number(rows[i].position);
      }
      proposals[rows[i].request].push_back(
          {rows[i].position, m, offset + std::int32_t(v[0]), v[1], v[2], v[3]});
    }
  }
  return proposals;
}

void Denoiser::visit(const Batch& batch, const Draws& draws, const LogitVisitor& visitor) {
  fusion::DenoiserShape shape{batch.segments, {}, {}, fusion::DenoiserHead::logits};
  std::vector<HostTensor> inputs = batch.network_inputs(*family_, shape);
  std::vector<HostTensor> outputs;
  for (Modality m : kModalities) {
    const auto& rows = batch.rows[int(m)];
    if (rows.empty()) continue;
    // Both branches of guidance are rows of one head; they meet on the host.
    const std::int64_t branches = batch.guided[int(m)] ? 2 : 1;
    const std::int64_t count = bucket(branches * std::int64_t(rows.size()), m == Modality::text ? 8 : 32);
    (m == Modality::text ? shape.text : shape.image) = {count, false};
    HostTensor wanted(DType::i32, {count});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      wanted.i32()[i] = rows[i].row;
      if (branches == 2) wanted.i32()[rows.size() + i] = rows[i].unconditional_row;
    }
    inputs.push_back(std::move(wanted));
    outputs.emplace_back(DType::f32, graph::Shape{count, std::int64_t(family_->tokens().range(m).size)});
  }
  run(shape, inputs, outputs);

  std::size_t output = 0;
  for (Modality m : kModalities) {
    const auto& rows = batch.rows[int(m)];
    if (rows.empty()) continue;
    const auto width = std::size_t(family_->tokens().range(m).size);
    const auto values = std::as_const(outputs[output++]).f32();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool guided = batch.guided[int(m)];
      visitor({rows[i].request, rows[i].position, m, values.subspan(i * width, width),
               guided ? values.subspan((rows.size() + i) * width, width) : std::span<const float>{},
               draws.of(m).guidance_scale, rows[i].banned});
    }
  }
}

void Denoiser::visit_logits(std::span<const DenoiseRequest> requests, const Draws& draws,
                            const LogitVisitor& visitor) {
  const Batch batch = lay_out(requests, draws);
  if (!batch.rows[0].empty() || !batch.rows[1].empty()) visit_checked(batch, draws, visitor);
}

void Denoiser::visit_noisy(std::span<const NoisyText> texts, double part, const LogitVisitor& visitor) {
  const int shift = family_->transformer().logit_shift;
  Batch batch;
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const Canvas& canvas = *texts[t].canvas;
    const std::int32_t first = batch.append(texts[t].ids, family_->positions(canvas), family_->time_input(part));
    for (const int p : canvas.masked_positions(Modality::text)) {
      const std::int32_t row = first + std::max(0, p - shift);
      batch.rows[int(Modality::text)].push_back({t, p, row, row, -1});
    }
  }
  if (!batch.rows[0].empty()) visit_checked(batch, {}, visitor);
}

void Denoiser::visit_checked(const Batch& batch, const Draws& draws, const LogitVisitor& visitor) {
  visit(batch, draws, [&](const LogitRow& row) {
    for (const auto logits : {row.conditional, row.unconditional}) {
      if (!std::ranges::all_of(logits, [](float x) { return std::isfinite(x); })) throw no_number(row.position);
    }
    visitor(row);
  });
  ++passes_;
}

Denoiser::Proposals Denoiser::propose_on_host(std::span<const DenoiseRequest> requests, const Draws& draws,
                                              std::uint32_t step, const Batch& batch) {
  Proposals proposals(requests.size());
  visit(batch, draws, [&](const LogitRow& row) {
    const fusion::IdRange& range = family_->tokens().range(row.modality);
    const DenoiseRequest& request = requests[row.request];
    std::vector<std::int32_t> banned{row.banned};
    for (std::int32_t id : request.banned) banned.push_back(id - range.begin);
    auto distribution = distribution_of(row.conditional, row.unconditional, row.guidance_scale, banned);
    if (distribution.empty()) throw no_number(row.position);
    proposals[row.request].push_back(
        host_proposal(row.position, row.modality, range, std::move(distribution), draws.of(row.modality),
                      request.seed, step, request.distributions ? Keep::distribution : Keep::numbers));
  });
  return proposals;
}

double negative_log_softmax(std::span<const float> logits, std::int32_t token) {
  const double top = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float x : logits) sum += std::exp(double(x) - top);
  return std::log(sum) + top - double(logits[std::size_t(token)]);
}

std::vector<float> LogitRow::guided() const {
  std::vector<float> logits(conditional.begin(), conditional.end());
  if (unconditional.empty()) return logits;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = unconditional[i] + guidance_scale * (conditional[i] - unconditional[i]);
  }
  return logits;
}

}  // namespace lacuna::generation
