#include "tests/conformance/problem_builder.h"

#include <cmath>
#include <utility>

#include "fusion/graph/philox.h"

namespace lacuna::conformance {
namespace {

using graph::HostTensor;
using graph::Shape;
using graph::Value;

/// FNV-1a, the same on every platform.
std::uint64_t hash(const std::string& text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (char c : text) h = (h ^ std::uint8_t(c)) * 0x100000001b3u;
  return h;
}

}  // namespace

ProblemBuilder::ProblemBuilder(const std::string& case_name) : seed_(hash(case_name)) {}

double ProblemBuilder::uniform(const std::string& name, std::size_t i) const {
  return graph::uniform_at(seed_ ^ hash(name), graph::RandomStream::data, 0, std::uint32_t(i));
}

std::vector<float> ProblemBuilder::numbers(const std::string& name, std::size_t count, Range range) const {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = float(range.low + (double(range.high) - range.low) * uniform(name, i));
  }
  return values;
}

std::vector<std::int32_t> ProblemBuilder::whole_numbers(const std::string& name, std::size_t count, std::int32_t low,
                                                        std::int32_t high) const {
  std::vector<std::int32_t> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = low + std::int32_t(std::floor((high - low) * uniform(name, i)));
  return values;
}

Value ProblemBuilder::input(const std::string& name, Shape shape, Range range) {
  return input(name, shape, numbers(name, std::size_t(shape.elements()), range));
}

Value ProblemBuilder::input(const std::string& name, Shape shape, std::vector<float> values) {
  problem_.inputs.push_back(HostTensor::of(shape, values));
  return b.input(name, graph::DType::f32, shape);
}

Value ProblemBuilder::integers(const std::string& name, Shape shape, std::int32_t low, std::int32_t high) {
  return integers(name, shape, whole_numbers(name, std::size_t(shape.elements()), low, high));
}

Value ProblemBuilder::integers(const std::string& name, Shape shape, std::vector<std::int32_t> values) {
  problem_.inputs.push_back(HostTensor::of(shape, values));
  return b.input(name, graph::DType::i32, shape);
}

Value ProblemBuilder::weight(const std::string& name, Shape shape, Range range) {
  return weight(name, shape, numbers(name, std::size_t(shape.elements()), range));
}

Value ProblemBuilder::weight(const std::string& name, Shape shape, std::vector<float> values) {
  problem_.weights.push_back({name, shape, std::move(values)});
  return b.weight(name, shape);
}

Value ProblemBuilder::matrix(const std::string& name, std::int64_t out, std::int64_t in) {
  const float limit = std::sqrt(3.0f / float(in));
  return weight(name, {out, in}, Range{-limit, limit});
}

Problem ProblemBuilder::finish() {
  problem_.graph = b.finish();
  return std::move(problem_);
}

}  // namespace lacuna::conformance
