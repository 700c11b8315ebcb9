#include <algorithm>
#include <cmath>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;
using graph::NormAttributes;

namespace {

/// Elements that one task normalises.
constexpr std::int64_t kGrain = 1 << 14;

std::int64_t rows_per_task(std::int64_t width) { return std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(width, 1)); }

/// Pixels of a band of group_norm: fixed, so that sums are cut in the same places for any number of threads.
constexpr std::int64_t kBandElements = 1 << 16;

/// Pools the moments of equally cut pieces (Chan, Golub and LeVeque 1979, "Updating Formulae and a Pairwise
/// Algorithm for Computing Sample Variances").
Moments pool(const Moments* pieces, std::int64_t count, std::int64_t stride, std::int64_t piece_size,
             std::int64_t last_size) {
  double mean = 0.0, deviation = 0.0, size = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
    const Moments& piece = pieces[i * stride];
    const double n = double(i + 1 == count ? last_size : piece_size);
    const double delta = piece.mean - mean;
    mean += delta * n / (size + n);
    deviation += piece.deviation + delta * delta * size * n / (size + n);
    size += n;
  }
  return {float(mean), float(deviation / size)};
}

/// Shapes and memory of one group_norm on channels-last data.
struct GroupNorm {
  Operand x, weight, bias, y;
  NormAttributes attributes;
  Kernels::Silu silu = Kernels::Silu::skip;
  BufferId moments = -1;  // [images, bands, groups]
  BufferId factors = -1;  // [images, 3, channels]: mean, scale, shift

  std::int64_t images() const { return x.shape[0]; }
  std::int64_t channels() const { return x.shape[1]; }
  std::int64_t pixels() const { return x.shape[2] * x.shape[3]; }
  std::int64_t band() const { return std::max<std::int64_t>(1, kBandElements / channels()); }
  std::int64_t bands() const { return (pixels() + band() - 1) / band(); }
  std::int64_t band_pixels(std::int64_t index) const { return std::min(band(), pixels() - index * band()); }

  void run(const RunContext& context) const {
    const ConstReals from = context.reals(x);
    const Reals to = context.reals(y);
    auto* pieces = context.at<Moments>(moments);
    const auto start = [&](std::int64_t task) {
      return (task / bands() * pixels() + task % bands() * band()) * channels();
    };
    parallel_for(context.workers, images() * bands(), [&](std::int64_t task, int) {
      context.kernels.group_moments(from.from(start(task)), band_pixels(task % bands()), channels(),
                                    attributes.groups, pieces + task * attributes.groups);
    });
    for (std::int64_t image = 0; image < images(); ++image) set_factors(context, image);
    parallel_for(context.workers, images() * bands(), [&](std::int64_t task, int) {
      const float* mean = context.at<float>(factors) + task / bands() * 3 * channels();
      for (std::int64_t p = 0; p < band_pixels(task % bands()); ++p) {
        const std::int64_t at = start(task) + p * channels();
        context.kernels.standardise(from.from(at), mean, mean + channels(), mean + 2 * channels(), silu, to.from(at),
                                    channels());
      }
    });
  }

  void set_factors(const RunContext& context, std::int64_t image) const {
    const auto* pieces = context.at<Moments>(moments) + image * bands() * attributes.groups;
    float* mean = context.at<float>(factors) + image * 3 * channels();
    const std::int64_t width = channels() / attributes.groups;
    for (std::int64_t g = 0; g < attributes.groups; ++g) {
      const Moments m = pool(pieces + g, bands(), attributes.groups, band() * width, band_pixels(bands() - 1) * width);
      const float inverse = 1.0f / std::sqrt(m.deviation + attributes.epsilon);
      for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
        mean[c] = m.mean;
        mean[channels() + c] = context.at<float>(weight)[c] * inverse;
        mean[2 * channels() + c] = context.at<float>(bias)[c];
      }
    }
  }
};

}  // namespace

void emit_rms_norm(GraphCompiler& compiler, const Node& node) {
  const Operand x = compiler.read_plain(node.inputs[0]), weight = compiler.read(node.inputs[1], Storage::f32);
  const Operand y = compiler.write(node.output, compiler.preferred(node.output));
  const float epsilon = node.as<NormAttributes>().epsilon;
  const std::int64_t width = x.shape[-1], rows = width == 0 ? 0 : x.shape.elements() / width;
  compiler.add_step({x.buffer, weight.buffer}, {y.buffer}, [=](const RunContext& context) {
    parallel_ranges(context.workers, rows, rows_per_task(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        context.kernels.rms_norm(context.reals(x).from(r * width), context.at<float>(weight), epsilon,
                                 context.reals(y).from(r * width), width);
      }
    });
  });
}

void emit_layer_norm(GraphCompiler& compiler, const Node& node) {
  const Operand x = compiler.read_plain(node.inputs[0]), weight = compiler.read(node.inputs[1], Storage::f32);
  std::vector<BufferId> reads{x.buffer, weight.buffer};
  std::optional<Operand> bias;
  if (node.inputs.size() == 3) {
    bias = compiler.read(node.inputs[2], Storage::f32);
    reads.push_back(bias->buffer);
  }
  const Operand y = compiler.write(node.output, compiler.preferred(node.output));
  const float epsilon = node.as<NormAttributes>().epsilon;
  const std::int64_t width = x.shape[-1], rows = width == 0 ? 0 : x.shape.elements() / width;
  compiler.add_step(reads, {y.buffer}, [=](const RunContext& context) {
    const float* shift = bias ? context.at<float>(*bias) : nullptr;
    parallel_ranges(context.workers, rows, rows_per_task(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        context.kernels.layer_norm(context.reals(x).from(r * width), context.at<float>(weight), shift, epsilon,
                                   context.reals(y).from(r * width), width);
      }
    });
  });
}

void emit_group_norm(GraphCompiler& compiler, const Node& node) {
  GroupNorm norm;
  norm.attributes = node.as<NormAttributes>();
  norm.x = compiler.read(node.inputs[0], compiler.native(node.inputs[0]).storage, Layout::channels_last);
  norm.weight = compiler.read(node.inputs[1], Storage::f32);
  norm.bias = compiler.read(node.inputs[2], Storage::f32);
  graph::ValueId result = node.output;
  const Node* reader = compiler.fusible_reader(result);
  if (reader != nullptr && reader->op == graph::Op::unary &&
      reader->as<graph::UnaryAttributes>().function == graph::Unary::silu) {
    norm.silu = Kernels::Silu::apply;
    compiler.mark_done(*reader);
    result = reader->output;
  }
  if (compiler.shape(result).elements() == 0) {
    compiler.write(result, Storage::f32);
    return;
  }
  norm.y = compiler.write(result, compiler.preferred(result), Layout::channels_last);
  norm.moments = compiler.scratch(std::size_t(norm.images() * norm.bands() * norm.attributes.groups) * sizeof(Moments));
  norm.factors = compiler.scratch(std::size_t(norm.images() * 3 * norm.channels()) * sizeof(float));
  compiler.add_step({norm.x.buffer, norm.weight.buffer, norm.bias.buffer},
                    {norm.y.buffer, norm.moments, norm.factors},
                    [norm](const RunContext& context) { norm.run(context); });
}

}  // namespace lacuna::cpu
