#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fusion/graph/graph_builder.h"
#include "tests/conformance/case.h"

namespace lacuna::conformance {

/// Uniform numbers in [low, high).
struct Range {
  float low = -1.0f;
  float high = 1.0f;
};

/// Builds a graph together with its data. The data depend on the case's name and the tensor's alone.
class ProblemBuilder {
 public:
  explicit ProblemBuilder(const std::string& case_name);

  graph::GraphBuilder b;

  graph::Value input(const std::string& name, graph::Shape shape, Range range = {});
  graph::Value input(const std::string& name, graph::Shape shape, std::vector<float> values);
  /// Integers in [low, high).
  graph::Value integers(const std::string& name, graph::Shape shape, std::int32_t low, std::int32_t high);
  graph::Value integers(const std::string& name, graph::Shape shape, std::vector<std::int32_t> values);
  graph::Value weight(const std::string& name, graph::Shape shape, Range range = {});
  graph::Value weight(const std::string& name, graph::Shape shape, std::vector<float> values);
  /// A weight [out, in] of a size that keeps the variance of its input.
  graph::Value matrix(const std::string& name, std::int64_t out, std::int64_t in);

  void output(graph::Value x, const std::string& name = "y") { b.output(name, x); }

  std::vector<float> numbers(const std::string& name, std::size_t count, Range range) const;
  std::vector<std::int32_t> whole_numbers(const std::string& name, std::size_t count, std::int32_t low,
                                          std::int32_t high) const;
  Problem finish();

 private:
  double uniform(const std::string& name, std::size_t i) const;
  std::uint64_t seed_;
  Problem problem_;
};

}  // namespace lacuna::conformance
