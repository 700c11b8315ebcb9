#include "fusion/graph/signature.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "fusion/graph/graph_builder.h"

namespace lacuna::graph {
namespace {

TEST(Signature, TakesWhatTheGraphTakesAndNothingElse) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {3, 5});
  b.input("ids", DType::i32, {7});
  b.output("y", b.reduce(x, Reduction::sum));
  const Graph graph = b.finish();
  const Signature signature(graph);
  const auto make = [](DType first, Shape shape) {
    std::vector<HostTensor> tensors;
    tensors.emplace_back(first, shape);
    tensors.emplace_back(DType::i32, Shape{7});
    return tensors;
  };
  std::vector<HostTensor> outputs;
  outputs.emplace_back(DType::f32, graph.value(graph.outputs[0]).shape);
  const auto inputs = make(DType::f32, {3, 5});
  EXPECT_NO_THROW(signature.check(inputs, outputs));

  const auto complaint = [&](const std::vector<HostTensor>& in, const std::vector<HostTensor>& out) -> std::string {
    try {
      signature.check(in, out);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(complaint(make(DType::i32, {3, 5}), outputs).find("\"x\""), std::string::npos);
  EXPECT_NE(complaint(make(DType::f32, {5, 3}), outputs).find("[5, 3]"), std::string::npos);
  EXPECT_NE(complaint({}, outputs).find("2 inputs, got 0"), std::string::npos);
  EXPECT_NE(complaint(inputs, {}).find("1 outputs, got 0"), std::string::npos);
}

}  // namespace
}  // namespace lacuna::graph
