#include "fusion/training/torch_forward.h"

#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>

#include "fusion/graph/lower.h"
#include "fusion/training/torch_attention.h"
#include "fusion/training/torch_fused.h"
#include "runtime/cpu/draw.h"

namespace lacuna::training {
namespace {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::ValueId;

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
using OptionalTensor = std::optional<at::Tensor>;
#else
using OptionalTensor = c10::optional<at::Tensor>;
#endif

/// One run over one graph. Each value may be held in float32 and in bf16; the narrow copy is made once,
/// however many layers read it.
class Interpreter {
 public:
  Interpreter(const Graph& graph, Precision precision, at::Device device)
      : graph_(graph), precision_(precision), device_(device), values_(graph.values.size()),
        narrow_(graph.values.size()), last_use_(graph.values.size(), graph.nodes.size()) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (ValueId id : graph.nodes[i].inputs) last_use_[std::size_t(id)] = i;
    }
    for (ValueId id : graph.outputs) last_use_[std::size_t(id)] = graph.nodes.size();
  }

  void bind(ValueId id, at::Tensor tensor) { values_[std::size_t(id)] = std::move(tensor); }
  const at::Tensor& get(ValueId id) const { return values_[std::size_t(id)]; }

  void run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      bind(node.output, evaluate(node));
      // Without a tape, this is what frees activations early.
      for (ValueId id : node.inputs) {
        if (last_use_[std::size_t(id)] == i) release(id);
      }
    }
  }

 private:
  void release(ValueId id) {
    values_[std::size_t(id)] = at::Tensor();
    narrow_[std::size_t(id)] = at::Tensor();
  }
  at::Tensor evaluate(const Node& node);
  at::Tensor rope(const Node& node);
  at::Tensor draw(const Node& node);
  at::Tensor conv2d(const Node& node);
  at::Tensor group_norm(const Node& node);
  at::Tensor quantise_nearest(const Node& node);
  at::Tensor quantise_sign(const Node& node);
  std::pair<at::Tensor, at::Tensor> rotation(ValueId positions, const graph::RopeAttributes& a);

  const at::Tensor& in(const Node& node, std::size_t i) const { return get(node.inputs[i]); }
  std::vector<std::int64_t> out_sizes(const Node& node) const {
    return sizes_of(graph_.value(node.output).shape);
  }
  /// The input in the dtype that matrix arithmetic runs in.
  at::Tensor arithmetic(const Node& node, std::size_t i) {
    const auto id = std::size_t(node.inputs[i]);
    if (precision_ == Precision::f32) return real(node, i);
    if (values_[id].scalar_type() == at::kBFloat16) return values_[id];
    if (!narrow_[id].defined()) narrow_[id] = values_[id].to(at::kBFloat16);
    return narrow_[id];
  }
  /// The input as float32.
  at::Tensor real(const Node& node, std::size_t i) const { return in(node, i).to(at::kFloat); }
  OptionalTensor optional_arithmetic(const Node& node, std::size_t i) {
    if (node.inputs.size() <= i) return {};
    return arithmetic(node, i);
  }

  const Graph& graph_;
  Precision precision_;
  at::Device device_;
  std::vector<at::Tensor> values_;
  std::vector<at::Tensor> narrow_;
  std::vector<std::size_t> last_use_;
  std::map<std::pair<ValueId, std::vector<int>>, std::pair<at::Tensor, at::Tensor>> rotations_;
};

at::Tensor unary(const at::Tensor& x, graph::Unary function) {
  using graph::Unary;
  switch (function) {
    case Unary::negate: return at::neg(x);
    case Unary::exp: return at::exp(x);
    case Unary::log: return at::log(x);
    case Unary::sqrt: return at::sqrt(x);
    case Unary::rsqrt: return at::rsqrt(x);
    case Unary::square: return at::square(x);
    case Unary::sin: return at::sin(x);
    case Unary::cos: return at::cos(x);
    case Unary::tanh: return at::tanh(x);
    case Unary::sigmoid: return at::sigmoid(x);
    case Unary::silu: return at::silu(x);
    case Unary::gelu_erf: return at::gelu(x, "none");
    case Unary::gelu_tanh: return at::gelu(x, "tanh");
    case Unary::relu: return at::relu(x);
  }
  throw std::logic_error("[unary] unknown function");
}

at::Tensor reduce(const at::Tensor& x, graph::Reduction reduction) {
  switch (reduction) {
    case graph::Reduction::sum: return at::sum(x, {-1}, true);
    case graph::Reduction::mean: return at::mean(x, {-1}, true);
    case graph::Reduction::max: return at::amax(x, {-1}, true);
  }
  throw std::logic_error("[reduce] unknown reduction");
}

at::Tensor Interpreter::group_norm(const Node& node) {
  const auto& a = node.as<graph::NormAttributes>();
  if (precision_ == Precision::bf16) {
    // CUDA's kernel sums in float32 whatever its input; a wide copy would only cost memory traffic.
    if (device_.is_cuda()) {
      return at::group_norm(arithmetic(node, 0), a.groups, arithmetic(node, 1), arithmetic(node, 2), a.epsilon);
    }
    return at::group_norm(real(node, 0), a.groups, real(node, 1), real(node, 2), a.epsilon);
  }
  // torch's own subtracts the mean after scaling, which loses all digits where a picture is nearly constant.
  const at::Tensor x = real(node, 0);
  const std::int64_t batch = x.size(0), channels = x.size(1);
  const at::Tensor grouped = x.reshape({batch, a.groups, -1});
  const at::Tensor centred = grouped - at::mean(grouped, {-1}, true);
  const at::Tensor scale = at::rsqrt(at::mean(at::square(centred), {-1}, true) + double(a.epsilon));
  return (centred * scale).view(x.sizes()) * real(node, 1).view({channels, 1, 1}) + real(node, 2).view({channels, 1, 1});
}

at::Tensor Interpreter::conv2d(const Node& node) {
  const auto& a = node.as<graph::Conv2dAttributes>();
  at::Tensor x = arithmetic(node, 0);
  if (device_.is_cuda()) x = x.contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<std::int64_t> padding{a.pad_top, a.pad_left};
  if (a.pad_top != a.pad_bottom || a.pad_left != a.pad_right) {
    x = at::constant_pad_nd(x, {a.pad_left, a.pad_right, a.pad_top, a.pad_bottom});
    padding = {0, 0};
  }
  return at::conv2d(x, arithmetic(node, 1), optional_arithmetic(node, 2), {a.stride, a.stride}, padding);
}

std::pair<at::Tensor, at::Tensor> Interpreter::rotation(ValueId positions, const graph::RopeAttributes& a) {
  std::vector<int> key = a.sections;
  key.push_back(int(a.theta));
  const auto [entry, fresh] = rotations_.try_emplace({positions, std::move(key)});
  if (!fresh) return entry->second;
  const at::Tensor positions_TA = get(positions).to(at::kFloat);
  std::vector<at::Tensor> columns;
  for (std::size_t axis = 0; axis < a.sections.size(); ++axis) {
    const int size = a.sections[axis];
    if (size == 0) continue;
    std::vector<float> frequencies;
    for (int j = 0; j < size; ++j) frequencies.push_back(std::pow(a.theta, -float(j) / float(size)));
    columns.push_back(positions_TA.narrow(1, std::int64_t(axis), 1) * to_torch(frequencies, device_));
  }
  const at::Tensor angles = at::cat(columns, 1);  // [T, pairs]
  entry->second = {at::cos(angles), at::sin(angles)};
  return entry->second;
}

at::Tensor Interpreter::rope(const Node& node) {
  const auto& a = node.as<graph::RopeAttributes>();
  const auto [cosine, sine] = rotation(node.inputs[1], a);
  return fused_rope(arithmetic(node, 0), cosine, sine, a);
}

/// [B, C, H, W] -> [B * H * W, C]
at::Tensor pixels_as_rows(const at::Tensor& z) { return z.permute({0, 2, 3, 1}).reshape({-1, z.size(1)}); }

/// Index of the largest of each row; at::argmax does not promise the first of equals.
at::Tensor first_peak(const at::Tensor& x) {
  const at::Tensor is_peak = at::eq(x, at::amax(x, {-1}, true));
  const at::Tensor index = at::arange(x.size(-1), at::TensorOptions().dtype(at::kInt).device(x.device()));
  return at::amin(at::where(is_peak, index, at::full({}, x.size(-1) - 1, index.options())), {-1});
}

// Codes are choices, so both quantisers keep float32 and whole numbers at every precision.
at::Tensor Interpreter::quantise_nearest(const Node& node) {
  const at::Tensor codebook = real(node, 1);
  const at::Tensor half = at::sum(at::square(codebook), {-1}) * 0.5;
  return first_peak(at::matmul(pixels_as_rows(real(node, 0)), codebook.t()) - half).view(out_sizes(node));
}

at::Tensor Interpreter::quantise_sign(const Node& node) {
  const at::Tensor bits = pixels_as_rows(in(node, 0)) > 0;
  at::Tensor codes = at::zeros({bits.size(0)}, bits.options().dtype(at::kInt));
  for (std::int64_t c = 0; c < bits.size(1); ++c) codes = codes * 2 + bits.select(1, c).to(at::kInt);
  return codes.view(out_sizes(node));
}

at::Tensor Interpreter::draw(const Node& node) {
  const bool guided = node.inputs.size() == 4;
  const auto host = [](const at::Tensor& x, at::ScalarType type) {
    return x.detach().to(at::kCPU, type).contiguous();
  };
  const at::Tensor logits = host(in(node, 0), at::kFloat);
  const at::Tensor unconditional = guided ? host(in(node, 1), at::kFloat) : at::Tensor();
  const at::Tensor sampling = host(in(node, guided ? 2 : 1), at::kFloat);
  const at::Tensor keys = host(in(node, guided ? 3 : 2), at::kInt);
  at::Tensor proposals = at::empty({logits.size(0), 4}, logits.options());
  const auto floats = [](const at::Tensor& x) {
    return std::span<float>(x.defined() ? x.data_ptr<float>() : nullptr,
                            x.defined() ? std::size_t(x.numel()) : 0);
  };
  cpu::DrawScratch scratch;
  cpu::draw_rows(floats(logits), floats(unconditional), floats(sampling),
                 {keys.data_ptr<std::int32_t>(), std::size_t(keys.numel())}, floats(proposals), scratch);
  return proposals.to(device_);
}

at::Tensor Interpreter::evaluate(const Node& node) {
  switch (node.op) {
    case Op::gather_rows:
      // Rows of weights are read many times over (the mask token above all); embedding's gradient sorts
      // instead of adding atomically.
      if (graph_.value(node.inputs[0]).kind == graph::ValueKind::weight) {
        return at::embedding(in(node, 0), in(node, 1));
      }
      return at::index_select(in(node, 0), 0, in(node, 1));
    case Op::linear:
      return at::linear(arithmetic(node, 0), arithmetic(node, 1), optional_arithmetic(node, 2));
    case Op::matmul: {
      const at::Tensor b = arithmetic(node, 1);
      return at::matmul(arithmetic(node, 0),
                        node.as<graph::MatmulAttributes>().transpose_b ? b.transpose(-2, -1) : b);
    }
    case Op::add: return at::add(in(node, 0), in(node, 1));
    case Op::subtract: return at::sub(in(node, 0), in(node, 1));
    case Op::multiply: return at::mul(in(node, 0), in(node, 1));
    case Op::affine: {
      const auto& a = node.as<graph::AffineAttributes>();
      const at::Tensor scaled = a.scale == 1.0f ? in(node, 0) : in(node, 0) * a.scale;
      return a.shift == 0.0f ? scaled : scaled + a.shift;
    }
    case Op::unary: return unary(in(node, 0), node.as<graph::UnaryAttributes>().function);
    case Op::reduce: return reduce(real(node, 0), node.as<graph::ReduceAttributes>().reduction);
    case Op::softmax: return at::softmax(in(node, 0), -1, at::kFloat);
    case Op::reshape: return in(node, 0).reshape(out_sizes(node));
    case Op::permute: {
      const auto& order = node.as<graph::PermuteAttributes>().order;
      return in(node, 0).permute(std::vector<std::int64_t>(order.begin(), order.end()));
    }
    case Op::slice: {
      const auto& a = node.as<graph::SliceAttributes>();
      return in(node, 0).narrow(a.axis, a.begin, a.end - a.begin);
    }
    case Op::concat: {
      std::vector<at::Tensor> parts;
      auto type = in(node, 0).scalar_type();
      for (std::size_t i = 0; i < node.inputs.size(); ++i) type = at::promote_types(type, in(node, i).scalar_type());
      for (std::size_t i = 0; i < node.inputs.size(); ++i) parts.push_back(in(node, i).to(type));
      return at::cat(parts, node.as<graph::ConcatAttributes>().axis);
    }
    case Op::cast:
      return in(node, 0).to(graph_.value(node.output).dtype == graph::DType::i32 ? at::kInt : at::kFloat);
    case Op::argmax: return first_peak(real(node, 0));
    case Op::conv2d: return conv2d(node);
    case Op::upsample_nearest2x: {
      const at::Tensor& x = in(node, 0);
      return at::upsample_nearest2d(x, at::IntArrayRef({2 * x.size(2), 2 * x.size(3)}));
    }
    case Op::draw: return draw(node);
    case Op::rms_norm:
      // In bf16 all readers of a norm are matrix products.
      return fused_rms_norm(in(node, 0), real(node, 1), double(node.as<graph::NormAttributes>().epsilon),
                            precision_ == Precision::bf16 ? at::kBFloat16 : at::kFloat);
    case Op::layer_norm: {
      const at::Tensor x = real(node, 0);
      OptionalTensor bias;
      if (node.inputs.size() == 3) bias = real(node, 2);
      return at::layer_norm(x, {x.size(-1)}, real(node, 1), bias, node.as<graph::NormAttributes>().epsilon);
    }
    case Op::group_norm: return group_norm(node);
    case Op::swiglu: return fused_swiglu(in(node, 0), in(node, 1));
    case Op::rope: return rope(node);
    case Op::quantise_nearest: return quantise_nearest(node);
    case Op::quantise_sign: return quantise_sign(node);
    case Op::attention:
      return torch_attention(arithmetic(node, 0), arithmetic(node, 1), arithmetic(node, 2),
                             node.as<graph::AttentionAttributes>(), node.inputs.size() == 4 ? real(node, 3) : at::Tensor());
    default:
      throw std::invalid_argument("[torch_forward] expected a graph from lower_for_torch, got op " +
                                  std::string(graph::name_of(node.op)));
  }
}

}  // namespace

graph::Graph lower_for_torch(const graph::Graph& graph) {
  return graph::lower(graph, [](const Graph&, const Node& node) {
    return node.op != Op::propose;
  });
}

std::vector<at::Tensor> torch_forward(const graph::Graph& graph, const TensorMap& weights,
                                      std::span<const at::Tensor> inputs, Precision precision) {
  if (inputs.size() != graph.inputs.size()) {
    throw std::invalid_argument("[torch_forward] expected " + std::to_string(graph.inputs.size()) +
                                " inputs, got " + std::to_string(inputs.size()));
  }
  const at::Device device = inputs.empty() ? at::Device(at::kCPU) : inputs[0].device();
  Interpreter interpreter(graph, precision, device);
  for (std::size_t i = 0; i < inputs.size(); ++i) interpreter.bind(graph.inputs[i], inputs[i]);
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const graph::ValueInfo& info = graph.values[i];
    if (info.kind == graph::ValueKind::constant) {
      interpreter.bind(ValueId(i), to_torch(info.constant, device).view(sizes_of(info.shape)));
    }
    if (info.kind != graph::ValueKind::weight) continue;
    const auto found = weights.find(info.name);
    if (found == weights.end() || !(shape_of(found->second) == info.shape)) {
      throw std::invalid_argument("[torch_forward] expected weight \"" + info.name + "\" with shape " +
                                  info.shape.to_string() + ", got " +
                                  (found == weights.end() ? "none" : shape_of(found->second).to_string()));
    }
    interpreter.bind(ValueId(i), found->second);
  }
  interpreter.run();
  std::vector<at::Tensor> outputs;
  for (ValueId id : graph.outputs) outputs.push_back(interpreter.get(id));
  return outputs;
}

}  // namespace lacuna::training
