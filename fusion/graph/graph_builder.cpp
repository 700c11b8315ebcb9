#include "fusion/graph/graph_builder.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lacuna::graph {
namespace {

[[noreturn]] void fail(Op op, const std::string& expected, const std::string& got) {
  throw std::invalid_argument("[" + std::string(name_of(op)) + "] expected " + expected + ", got " + got);
}

void require(bool ok, Op op, const char* expected, const Shape& got) {
  if (!ok) fail(op, expected, got.to_string());
}

/// Arithmetic is defined on f32 alone; i32 values are ids and positions.
void require_real(const GraphBuilder& b, Op op, std::span<const Value> xs) {
  for (Value x : xs) {
    if (b.dtype(x) != DType::f32) {
      fail(op, "f32 inputs", std::string(name_of(b.dtype(x))) + " " + b.shape(x).to_string());
    }
  }
}

int normalised_axis(Op op, int axis, const Shape& shape) {
  const int i = axis < 0 ? axis + shape.rank() : axis;
  if (i < 0 || i >= shape.rank()) fail(op, "an axis of " + shape.to_string(), std::to_string(axis));
  return i;
}

}  // namespace

Value GraphBuilder::push(ValueInfo info) {
  graph_.values.push_back(std::move(info));
  return {ValueId(graph_.values.size() - 1)};
}

const Shape& GraphBuilder::shape(Value x) const {
  if (x.id < 0 || std::size_t(x.id) >= graph_.values.size()) {
    throw std::invalid_argument("[graph] expected a value of this builder, got id " + std::to_string(x.id));
  }
  return graph_.value(x.id).shape;
}

DType GraphBuilder::dtype(Value x) const {
  shape(x);
  return graph_.value(x.id).dtype;
}

Value GraphBuilder::input(std::string name, DType dtype, Shape shape) {
  if (dtype != DType::f32 && dtype != DType::i32) {
    throw std::invalid_argument("[input] expected f32 or i32 for \"" + name + "\", got " +
                                std::string(name_of(dtype)));
  }
  for (ValueId id : graph_.inputs) {
    if (graph_.value(id).name == name) {
      throw std::invalid_argument("[input] expected a new name, got \"" + name + "\" again");
    }
  }
  const Value x = push({ValueKind::input, dtype, shape, std::move(name), {}});
  graph_.inputs.push_back(x.id);
  return x;
}

Value GraphBuilder::weight(const std::string& name, Shape shape) {
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    const ValueInfo& info = graph_.values[i];
    if (info.kind != ValueKind::weight || info.name != name) continue;
    if (!(info.shape == shape)) {
      throw std::invalid_argument("[weight] expected \"" + name + "\" with shape " +
                                  info.shape.to_string() + " as before, got " + shape.to_string());
    }
    return {ValueId(i)};
  }
  return push({ValueKind::weight, DType::f32, shape, name, {}});
}

Value GraphBuilder::constant(Shape shape, std::vector<float> elements) {
  if (shape.elements() != std::int64_t(elements.size())) {
    throw std::invalid_argument("[constant] expected " + std::to_string(shape.elements()) +
                                " elements, got " + std::to_string(elements.size()));
  }
  return push({ValueKind::constant, DType::f32, shape, {}, std::move(elements)});
}

Value GraphBuilder::node(Op op, std::vector<Value> inputs, DType dtype, Shape shape,
                         Attributes attributes) {
  switch (op) {  // the ops that move elements about, or read ids, take i32 as well
    case Op::gather_rows:
    case Op::reshape:
    case Op::permute:
    case Op::slice:
    case Op::concat:
    case Op::cast:
    case Op::draw:
    case Op::rope:
    case Op::propose:
      break;
    default:
      require_real(*this, op, inputs);
  }
  Node node{op, {}, -1, std::move(attributes)};
  for (Value x : inputs) {
    this->shape(x);
    node.inputs.push_back(x.id);
  }
  const Value out = push({ValueKind::computed, dtype, shape, {}, {}});
  node.output = out.id;
  graph_.nodes.push_back(std::move(node));
  return out;
}

Value GraphBuilder::gather_rows(Value table, Value ids) {
  require(shape(table).rank() == 2, Op::gather_rows, "a table of rank 2", shape(table));
  if (shape(ids).rank() != 1 || dtype(ids) != DType::i32) {
    fail(Op::gather_rows, "ids i32 [N]", std::string(name_of(dtype(ids))) + " " + shape(ids).to_string());
  }
  return node(Op::gather_rows, {table, ids}, dtype(table), {shape(ids)[0], shape(table)[1]}, {});
}

Value GraphBuilder::linear(Value x, Value weight, std::optional<Value> bias) {
  const Shape& w = shape(weight);
  require(w.rank() == 2, Op::linear, "a weight of rank 2", w);
  require(shape(x).rank() >= 1 && shape(x)[-1] == w[1], Op::linear,
          ("an input with last axis " + std::to_string(w[1])).c_str(), shape(x));
  std::vector<Value> inputs{x, weight};
  if (bias) {
    require(shape(*bias) == Shape{w[0]}, Op::linear, ("a bias [" + std::to_string(w[0]) + "]").c_str(),
            shape(*bias));
    inputs.push_back(*bias);
  }
  return node(Op::linear, inputs, DType::f32, shape(x).with(-1, w[0]), {});
}

Value GraphBuilder::matmul(Value a, Value b, MatmulAttributes attributes) {
  const Shape &sa = shape(a), &sb = shape(b);
  require(sa.rank() >= 2 && sb.rank() == sa.rank(), Op::matmul, "two inputs of one rank >= 2", sb);
  for (int i = 0; i < sa.rank() - 2; ++i) {
    if (sa[i] != sb[i]) fail(Op::matmul, "equal leading axes", sa.to_string() + " and " + sb.to_string());
  }
  const std::int64_t k = attributes.transpose_b ? sb[-1] : sb[-2];
  const std::int64_t n = attributes.transpose_b ? sb[-2] : sb[-1];
  if (sa[-1] != k) fail(Op::matmul, "equal inner axes", sa.to_string() + " and " + sb.to_string());
  return node(Op::matmul, {a, b}, DType::f32, sa.with(-1, n), attributes);
}

Value GraphBuilder::elementwise(Op op, Value a, Value b) {
  const Shape &sa = shape(a), &sb = shape(b);
  bool ok = sb.rank() <= sa.rank();
  for (int i = 1; ok && i <= sb.rank(); ++i) ok = sb[-i] == sa[-i] || sb[-i] == 1;
  if (!ok) fail(op, "a second input that broadcasts to " + sa.to_string(), sb.to_string());
  return node(op, {a, b}, DType::f32, sa, {});
}

Value GraphBuilder::add(Value a, Value b) { return elementwise(Op::add, a, b); }
Value GraphBuilder::subtract(Value a, Value b) { return elementwise(Op::subtract, a, b); }
Value GraphBuilder::multiply(Value a, Value b) { return elementwise(Op::multiply, a, b); }

Value GraphBuilder::affine(Value x, AffineAttributes attributes) {
  return node(Op::affine, {x}, DType::f32, shape(x), attributes);
}

Value GraphBuilder::unary(Value x, Unary function) {
  return node(Op::unary, {x}, DType::f32, shape(x), UnaryAttributes{function});
}

Value GraphBuilder::reduce(Value x, Reduction reduction) {
  require(shape(x).rank() >= 1 && shape(x)[-1] > 0, Op::reduce, "a last axis that is not empty", shape(x));
  return node(Op::reduce, {x}, DType::f32, shape(x).with(-1, 1), ReduceAttributes{reduction});
}

Value GraphBuilder::softmax(Value x) {
  require(shape(x).rank() >= 1 && shape(x)[-1] > 0, Op::softmax, "a last axis that is not empty", shape(x));
  return node(Op::softmax, {x}, DType::f32, shape(x), {});
}

Value GraphBuilder::reshape(Value x, Shape to) {
  if (shape(x).elements() != to.elements()) {
    fail(Op::reshape, "as many elements as " + shape(x).to_string(), to.to_string());
  }
  return node(Op::reshape, {x}, dtype(x), to, {});
}

Value GraphBuilder::permute(Value x, std::vector<int> order) {
  const Shape s = shape(x);
  std::vector<int> sorted = order;
  std::ranges::sort(sorted);
  bool ok = int(order.size()) == s.rank();
  for (int i = 0; ok && i < s.rank(); ++i) ok = sorted[std::size_t(i)] == i;
  if (!ok) fail(Op::permute, "an order of the axes of " + s.to_string(), std::to_string(order.size()) + " axes");
  Shape out = s;
  for (int i = 0; i < s.rank(); ++i) out = out.with(i, s[order[std::size_t(i)]]);
  return node(Op::permute, {x}, dtype(x), out, PermuteAttributes{std::move(order)});
}

Value GraphBuilder::slice(Value x, SliceAttributes attributes) {
  attributes.axis = normalised_axis(Op::slice, attributes.axis, shape(x));
  const std::int64_t size = shape(x)[attributes.axis];
  if (attributes.begin < 0 || attributes.begin > attributes.end || attributes.end > size) {
    fail(Op::slice, "0 <= begin <= end <= " + std::to_string(size),
         std::to_string(attributes.begin) + ".." + std::to_string(attributes.end));
  }
  return node(Op::slice, {x}, dtype(x), shape(x).with(attributes.axis, attributes.end - attributes.begin),
              attributes);
}

Value GraphBuilder::concat(std::span<const Value> xs, int axis) {
  if (xs.empty()) fail(Op::concat, "at least one input", "none");
  const Shape first = shape(xs[0]);
  axis = normalised_axis(Op::concat, axis, first);
  std::int64_t total = 0;
  for (Value x : xs) {
    const Shape s = shape(x);
    if (s.rank() != first.rank() || !(s.with(axis, 0) == first.with(axis, 0)) || dtype(x) != dtype(xs[0])) {
      fail(Op::concat, "inputs that differ on axis " + std::to_string(axis) + " alone",
           first.to_string() + " and " + s.to_string());
    }
    total += s[axis];
  }
  return node(Op::concat, {xs.begin(), xs.end()}, dtype(xs[0]), first.with(axis, total),
              ConcatAttributes{axis});
}

Value GraphBuilder::cast(Value x) {
  return node(Op::cast, {x}, dtype(x) == DType::i32 ? DType::f32 : DType::i32, shape(x), {});
}

Value GraphBuilder::argmax(Value x) {
  const Shape s = shape(x);
  require(s.rank() >= 1 && s[-1] > 0, Op::argmax, "a last axis that is not empty", s);
  return node(Op::argmax, {x}, DType::i32, Shape(s.sizes().first(std::size_t(s.rank() - 1))), {});
}

Value GraphBuilder::conv2d(Value x, Value weight, std::optional<Value> bias, Conv2dAttributes attributes) {
  const Shape &s = shape(x), &w = shape(weight);
  require(s.rank() == 4, Op::conv2d, "an input [B, C, H, W]", s);
  require(w.rank() == 4 && w[1] == s[1], Op::conv2d,
          ("a weight [O, " + std::to_string(s[1]) + ", kh, kw]").c_str(), w);
  if (attributes.stride < 1 || std::min({attributes.pad_top, attributes.pad_left, attributes.pad_bottom,
                                         attributes.pad_right}) < 0) {
    fail(Op::conv2d, "stride >= 1 and padding >= 0", "stride " + std::to_string(attributes.stride));
  }
  const std::int64_t h = s[2] + attributes.pad_top + attributes.pad_bottom - w[2];
  const std::int64_t v = s[3] + attributes.pad_left + attributes.pad_right - w[3];
  require(h >= 0 && v >= 0, Op::conv2d, "an input at least as large as the kernel", s);
  std::vector<Value> inputs{x, weight};
  if (bias) {
    require(shape(*bias) == Shape{w[0]}, Op::conv2d, ("a bias [" + std::to_string(w[0]) + "]").c_str(),
            shape(*bias));
    inputs.push_back(*bias);
  }
  return node(Op::conv2d, inputs, DType::f32,
              {s[0], w[0], h / attributes.stride + 1, v / attributes.stride + 1}, attributes);
}

Value GraphBuilder::upsample_nearest2x(Value x) {
  const Shape s = shape(x);
  require(s.rank() == 4, Op::upsample_nearest2x, "an input [B, C, H, W]", s);
  return node(Op::upsample_nearest2x, {x}, DType::f32, {s[0], s[1], 2 * s[2], 2 * s[3]}, {});
}

Value GraphBuilder::draw(Value logits, std::optional<Value> unconditional, Value sampling, Value keys) {
  const Shape s = shape(logits);
  require(s.rank() == 2 && s[1] > 0, Op::draw, "logits [M, V]", s);
  std::vector<Value> inputs{logits};
  if (unconditional) {
    require(shape(*unconditional) == s, Op::draw, ("unconditional logits " + s.to_string()).c_str(),
            shape(*unconditional));
    inputs.push_back(*unconditional);
  }
  inputs.push_back(sampling);
  require_real(*this, Op::draw, inputs);
  require(shape(sampling) == Shape{4}, Op::draw, "sampling parameters f32 [4]", shape(sampling));
  require(shape(keys) == Shape{s[0], 5} && dtype(keys) == DType::i32, Op::draw,
          ("keys i32 [" + std::to_string(s[0]) + ", 5]").c_str(), shape(keys));
  inputs.push_back(keys);
  return node(Op::draw, inputs, DType::f32, {s[0], 4}, {});
}

void GraphBuilder::output(std::string name, Value x) {
  shape(x);
  ValueInfo& info = graph_.values[std::size_t(x.id)];
  if (info.kind != ValueKind::computed || !info.name.empty()) {
    throw std::invalid_argument("[output] expected a computed value that is not an output yet for \"" +
                                name + "\"");
  }
  for (ValueId id : graph_.outputs) {
    if (graph_.value(id).name == name) {
      throw std::invalid_argument("[output] expected a new name, got \"" + name + "\" again");
    }
  }
  info.name = std::move(name);
  graph_.outputs.push_back(x.id);
}

Graph GraphBuilder::finish() {
  if (graph_.outputs.empty()) throw std::invalid_argument("[graph] expected at least one output, got none");
  return std::exchange(graph_, {});
}

}  // namespace lacuna::graph
