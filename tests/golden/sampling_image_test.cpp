#include <gtest/gtest.h>

#include "tests/golden/recorded_pictures.h"

namespace lacuna::golden {
namespace {

TEST(GoldenImages, TracesGivenTheDraws) {
  int count = 0;
  for (const auto& file : cases("sampling_image", ".json")) {
    if (file.filename().string().find(".t2i_generate.") == std::string::npos || !has_model(model_of(file))) continue;
    const auto model = ReleasedModel::open(model_of(file));
    for (Engine& engine : float_engines()) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      replay_pictures(RecordedPictures(file), model, engine);
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace lacuna::golden
