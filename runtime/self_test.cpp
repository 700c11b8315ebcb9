#include "runtime/self_test.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "runtime/self_test_data.h"

namespace lacuna::runtime {
namespace {

using graph::DType;
using graph::HostTensor;
using graph::Value;

/// Relative to the largest value of an output; float32 sums of a few dozen terms stay far below.
constexpr double kTolerance = 1e-4;
constexpr std::int64_t kRows = 9, kWidest = 256;

std::string text(std::int64_t number) { return std::to_string(number); }

constexpr const char* kTypes[] = {"f32", "f16", "bf16", "i8", "q8_0", "q4_0", "q4_1"};

/// The graph of some parts; outputs are called "part: detail".
class TestGraph {
 public:
  explicit TestGraph(const TestParts& parts) {
    for (const std::string& part : parts) add(part);
  }
  graph::Graph finish() { return b.finish(); }

 private:
  void add(const std::string& part) {
    const std::size_t space = part.find(' ');
    const std::string kind = part.substr(0, space), which = space == std::string::npos ? "" : part.substr(space + 1);
    part_ = part;
    if (kind == "product") return product(which);
    if (kind == "rows") return output("9", b.gather_rows(weight(which, {9, which[0] == 'q' ? 32 : 13}), ids_));
    if (kind == "convolution") return convolution(which);
    if (kind == "attention") return attention(std::stoi(which));
    if (kind == "norm") return norm(which);
    if (kind == "rope") return rope(which == "half" ? graph::RopeLayout::half : graph::RopeLayout::interleaved);
    if (kind == "draw") {
      return output("tokens", graph::propose(b, columns(factors_, 132), std::nullopt, weight("f32", {77, 132}), sampling_, keys_));
    }
    if (kind == "swiglu") return output("30", graph::swiglu(b, columns(x_, 30), b.slice(x_, {.axis = 1, .begin = 30, .end = 60})));
    if (kind == "upsample") return output("9x7", b.upsample_nearest2x(picture()));
    if (kind == "nearest") return output("19 codes", graph::quantise_nearest(b, picture(), weight("codebook", {19, 4})));
    if (kind == "argmax") return output("rows of 256", b.argmax(x_));
    if (kind == "codes") return large_products("i8");
    if (kind == "halves") return which.empty() ? large_products("f16") : large_stored_products(which);
    throw std::invalid_argument("[self_test] expected a part, got \"" + part + "\"");
  }
  void output(const std::string& detail, Value value) { b.output(part_ + ": " + detail, value); }
  Value weight(const std::string& name, graph::Shape shape) { return b.weight(name + " " + text(++weights_), shape); }
  Value bias(std::int64_t size) { return weight("bias", {size}); }
  Value columns(Value of, std::int64_t count) { return b.slice(of, {.axis = 1, .begin = 0, .end = count}); }
  Value picture() { return b.reshape(columns(x_, 28), {1, 4, 9, 7}); }

  /// Widths for which kernels work on one, two and four panels, and inner sizes in whole fours and not.
  void product(const std::string& dtype) {
    const bool blocks = dtype[0] == 'q';
    for (const auto& [size, inner] : {std::pair<std::int64_t, std::int64_t>{30, 64}, {43, blocks ? 32 : 30}, {107, blocks ? 160 : 132}}) {
      const Value w = weight(dtype, {size, inner}), x = columns(factors_, inner);
      output(text(size) + " columns of " + text(inner), size == 43 ? b.linear(x, w) : b.linear(x, w, bias(size)));
    }
  }

  /// Large enough for narrow arithmetic, of rows in whole words and not.
  void large_products(const std::string& dtype) {
    for (const auto& [size, inner] : {std::pair<std::int64_t, std::int64_t>{64, 132}, {70, 130}, {107, 132}, {75, 129}}) {
      const Value w = weight(size == 75 ? "f32" : dtype, {size, inner}), x = columns(factors_, inner);
      output(text(size) + " columns of " + text(inner), size == 70 ? b.linear(x, w) : b.linear(x, w, bias(size)));
    }
  }

  /// The same of weights that are widened while they are read.
  void large_stored_products(const std::string& dtype) {
    const bool blocks = dtype[0] == 'q';
    for (const auto& [size, inner] : {std::pair<std::int64_t, std::int64_t>{64, 128}, {70, blocks ? 160 : 130}, {107, blocks ? 96 : 129}}) {
      const Value w = weight(dtype, {size, inner}), x = columns(factors_, inner);
      output(text(size) + " columns of " + text(inner), size == 70 ? b.linear(x, w) : b.linear(x, w, bias(size)));
    }
  }

  void convolution(const std::string& dtype) {
    for (const std::int64_t size : {5, 43, 107}) {
      const Value w = weight(dtype, {size, 4, 3, 3});
      output(text(size) + " channels", b.conv2d(picture(), w, bias(size),
                                                {.stride = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}));
    }
  }

  void attention(int head_dim) {
    const int heads = head_dim <= kWidest / 3 ? 3 : 1, width = std::min<int>(heads * head_dim, kWidest);
    const Value q = columns(x_, width), v = b.affine(q, {0.7f, 0.1f});
    output(text(heads) + " heads", graph::attention(b, q, q, v, {heads, heads, 0.3f, {4, 5}}));
  }

  void norm(const std::string& kind) {
    if (kind == "rms") return output("rows of 256", graph::rms_norm(b, x_, weight("scale", {kWidest}), 1e-5f));
    if (kind == "layer") {
      return output("rows of 256", graph::layer_norm(b, x_, weight("scale", {kWidest}), bias(kWidest), 1e-5f));
    }
    output("2 groups", graph::group_norm(b, picture(), weight("scale", {4}), bias(4), {.groups = 2}));
  }

  void rope(graph::RopeLayout layout) {
    const Value positions = b.reshape(ids_, {kRows, 1});
    output("heads of 10", graph::rope(b, columns(x_, 30), positions, {.head_dim = 10, .sections = {5}, .layout = layout}));
  }

  graph::GraphBuilder b;
  std::string part_;
  int weights_ = 0;
  const Value x_ = b.input("x", DType::f32, {kRows, kWidest});
  const Value factors_ = b.input("factors", DType::f32, {kRows, kWidest});
  const Value ids_ = b.input("ids", DType::i32, {kRows});
  const Value sampling_ = b.input("sampling", DType::f32, {4});
  const Value keys_ = b.input("keys", DType::i32, {kRows, 5});
};

/// What the matrix that a value stands for is stored in: a weight, or slices of one.
std::string stored_type(const graph::Graph& graph, const graph::WeightSource& weights, graph::ValueId id) {
  for (;;) {
    const graph::ValueInfo& value = graph.value(id);
    if (value.kind == graph::ValueKind::weight) {
      const graph::WeightView* view = weights.find(value.name);
      return std::string(name_of(view != nullptr ? view->dtype : DType::f32));
    }
    const auto maker = std::ranges::find(graph.nodes, id, &graph::Node::output);
    if (maker == graph.nodes.end() || maker->op != graph::Op::slice) return "f32";
    id = maker->inputs[0];
  }
}

std::vector<HostTensor> make_inputs(Arithmetic arithmetic) {
  std::vector<std::int32_t> ids{3, 0, 8, 1, 5, 5, 2, 7, 4}, keys;
  for (std::int32_t row = 0; row < kRows; ++row) keys.insert(keys.end(), {17 * row, 1, row, row, row % 2 == 0 ? -1 : row});
  std::vector<float> rows = factors(98, kRows, kWidest, arithmetic);
  // The largest of a row has to be among the columns that products look at.
  for (std::int64_t row = 0; row < kRows && arithmetic == Arithmetic::int8; ++row) {
    for (std::int64_t i = 129; i < kWidest; ++i) rows[std::size_t(row * kWidest + i)] = 0.0f;
  }
  std::vector<HostTensor> inputs;
  inputs.push_back(HostTensor::of({kRows, kWidest}, numbers(99, kRows * kWidest)));
  inputs.push_back(HostTensor::of({kRows, kWidest}, rows));
  inputs.push_back(HostTensor::of({kRows}, ids));
  inputs.push_back(HostTensor::of({4}, std::vector<float>{0.7f, 1.0f, 0.0f, 1.0f}));
  inputs.push_back(HostTensor::of({kRows, 5}, keys));
  return inputs;
}

std::vector<HostTensor> run(graph::Executor& engine, const graph::Graph& graph, const std::vector<HostTensor>& inputs,
                            const std::shared_ptr<const SelfTestWeights>& weights) {
  std::vector<HostTensor> outputs;
  for (const graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  engine.prepare(graph, weights)->run(inputs, outputs);
  return outputs;
}

/// Infinity for another integer, or a value that is no number.
double difference(const HostTensor& got, const HostTensor& expected) {
  if (got.dtype() == DType::i32) return std::ranges::equal(got.i32(), expected.i32()) ? 0.0 : HUGE_VAL;
  double largest = 1e-6, worst = 0.0;
  for (std::size_t i = 0; i < expected.f32().size(); ++i) {
    largest = std::max(largest, std::abs(double(expected.f32()[i])));
    const double error = std::abs(double(got.f32()[i]) - double(expected.f32()[i]));
    worst = error <= worst ? worst : std::isnan(error) ? HUGE_VAL : error;
  }
  return worst / largest;
}

}  // namespace

TestParts all_test_parts() {
  TestParts parts{"norm rms", "norm layer", "norm group", "rope half", "rope interleaved", "draw", "swiglu", "upsample", "argmax",
                  "nearest"};
  for (const int head_dim : {10, 40, 100, 200}) parts.insert("attention " + text(head_dim));
  for (const std::string type : kTypes) {
    parts.insert("product " + type);
    parts.insert("rows " + type);
    if (type[0] != 'q') parts.insert("convolution " + type);  // blocks are of matrices
  }
  return parts;
}

TestParts test_parts_of(const graph::Graph& graph, const graph::WeightSource& weights) {
  using graph::Op;
  TestParts parts;
  const auto stored = [&](const char* kind, graph::ValueId id) { parts.insert(kind + stored_type(graph, weights, id)); };
  for (const graph::Node& node : graph.nodes) {
    switch (node.op) {
      case Op::linear:
        stored("product ", node.inputs[1]);
        break;
      case Op::propose:
        stored("product ", node.inputs[node.inputs.size() == 5 ? 2 : 1]);
        parts.insert("draw");
        break;
      case Op::draw:
        parts.insert("draw");
        break;
      case Op::gather_rows:
        stored("rows ", node.inputs[0]);
        break;
      case Op::conv2d:
        stored("convolution ", node.inputs[1]);
        break;
      case Op::attention: {
        const auto head_dim = graph.value(node.inputs[0]).shape[1] / node.as<graph::AttentionAttributes>().heads;
        if (head_dim <= kWidest) parts.insert("attention " + text(head_dim));
        break;
      }
      case Op::rms_norm:
        parts.insert("norm rms");
        break;
      case Op::layer_norm:
        parts.insert("norm layer");
        break;
      case Op::group_norm:
        parts.insert("norm group");
        break;
      case Op::rope:
        parts.insert(node.as<graph::RopeAttributes>().layout == graph::RopeLayout::half ? "rope half" : "rope interleaved");
        break;
      case Op::swiglu:
        parts.insert("swiglu");
        break;
      case Op::upsample_nearest2x:
        parts.insert("upsample");
        break;
      case Op::quantise_nearest:
        parts.insert("nearest");
        break;
      case Op::argmax:
        parts.insert("argmax");
        break;
      default:
        break;
    }
  }
  return parts;
}

std::vector<FailingPart> failing_parts(graph::Executor& engine, graph::Executor& reference, const TestParts& parts,
                                       Arithmetic arithmetic) {
  const graph::Graph graph = TestGraph(parts).finish();
  const auto weights = std::make_shared<const SelfTestWeights>(graph, arithmetic);
  const auto inputs = make_inputs(arithmetic);
  const auto expected = run(reference, graph, inputs, weights), got = run(engine, graph, inputs, weights);
  std::vector<FailingPart> failing;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = difference(got[i], expected[i]);
    if (error <= kTolerance) continue;
    const std::string name = graph.value(graph.outputs[i]).name;
    const std::size_t colon = name.find(": ");
    char how_much[64];
    std::snprintf(how_much, sizeof how_much, ", off by %.2g of the largest value", error);
    failing.push_back({name.substr(0, colon), name.substr(colon + 2) + how_much});
  }
  return failing;
}

}  // namespace lacuna::runtime
