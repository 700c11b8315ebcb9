#include "runtime/evaluation/weight_comparison.h"

#include <gtest/gtest.h>

#include "runtime/backend_registry.h"
#include "runtime/generation/model.h"
#include "runtime/weights/conversion.h"
#include "tests/support/tiny_model.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::evaluation {
namespace {

using graph::DType;

TEST(CompareWeights, CoarserWeightsAreFurtherAway) {
  const test::TempFolder folder;
  testing_support::TinyModel tiny;
  tiny.width = 32;
  testing_support::write_tiny_model(folder / "m", tiny);
  const auto executor = runtime::make_executor("reference", {});
  const auto model = generation::open_model(folder / "m", *executor);
  const auto same = compare_weights(*model.family, *executor, model.checkpoint, model.checkpoint, 2, 1);
  EXPECT_GT(same.positions, 10);
  EXPECT_EQ(same.agreement, 1);
  EXPECT_EQ(same.divergence, 0);
  EXPECT_EQ(same.log_likelihood, same.other_log_likelihood);
  EXPECT_LT(same.log_likelihood, 0);

  const std::shared_ptr<const weights::TensorSource> source = weights::open_tensor_source(folder / "m");
  double last = 0;
  for (const DType dtype : {DType::q8_0, DType::q4_0}) {
    std::vector<weights::ConversionTensor> tensors;
    for (const std::string& name : source->names()) {
      const graph::Shape shape = source->find(name)->shape;
      const bool blocks = shape.rank() == 2 && shape[1] % 32 == 0;
      tensors.push_back(weights::conversion_of(source, name, name, blocks ? dtype : DType::f32));
    }
    const auto out = folder / name_of(dtype);
    weights::convert_tensors(out, tensors, {});
    const auto other = std::make_shared<const weights::Checkpoint>(weights::Checkpoint::open(out));
    const auto result = compare_weights(*model.family, *executor, model.checkpoint, other, 2, 1);
    EXPECT_EQ(result.positions, same.positions);
    EXPECT_EQ(result.log_likelihood, same.log_likelihood);
    EXPECT_GT(result.divergence, 3 * last);
    EXPECT_LT(result.divergence, 1);
    last = result.divergence;
  }
  EXPECT_THROW(compare_weights(*model.family, *executor, model.checkpoint, model.checkpoint, 0, 1), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::evaluation
