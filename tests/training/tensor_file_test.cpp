#include "fusion/training/tensor_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fusion/training/export_model.h"
#include "fusion/training/initial_weights.h"
#include "fusion/training/torch_executor.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_error.h"

namespace lacuna::training {
namespace {

class TensorFileTest : public testing::Test {
 protected:
  TensorFileTest() { std::filesystem::create_directories(folder_); }
  ~TensorFileTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  (std::string("lacuna_tensor_file_") +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(TensorFileTest, BringsEveryBitBackAndRefusesWhatDoesNotFit) {
  const auto file = folder_ / "a.safetensors";
  const at::Tensor a = initial_normal(1, "a", {3, 5}, 1), b = at::arange(7).to(at::kInt);
  save_tensors(file, {{"a", a}, {"b", b}});
  at::Tensor c = at::zeros({3, 5}), d = at::zeros({7}, at::TensorOptions().dtype(at::kInt));
  load_tensors(file, {{"b", d}, {"a", c}});
  EXPECT_TRUE(at::equal(a, c));
  EXPECT_TRUE(at::equal(b, d));
  EXPECT_THROW(load_tensors(file, {{"a", c}}), weights::CheckpointError);
  EXPECT_THROW(load_tensors(file, {{"a", c}, {"x", d}}), weights::CheckpointError);
  EXPECT_THROW(load_tensors(file, {{"a", at::zeros({5, 3})}, {"b", d}}), weights::CheckpointError);
  EXPECT_THROW(load_tensors(file, {{"a", c}, {"b", at::zeros({7})}}), weights::CheckpointError);
  // Views of a larger tensor are filled in place.
  at::Tensor flat = at::zeros({15});
  load_tensors(file, {{"a", flat.view({3, 5})}, {"b", d}});
  EXPECT_TRUE(at::equal(flat.view({3, 5}), a));
}

TEST_F(TensorFileTest, ExportsInEveryFormatAndInShards) {
  const TensorMap tensors{{"embed.weight", initial_normal(1, "e", {300, 64}, 1)},
                          {"layer.weight", initial_normal(1, "l", {64, 64}, 1)},
                          {"norm.weight", initial_normal(1, "n", {64}, 1)}};
  const weights::Json config(weights::Json::Object{{"model_type", "x"}});
  const struct {
    const char* dtype;
    double tolerance;
  } formats[] = {{"f32", 0}, {"bf16", 0.005}, {"int8", 0.01}};
  for (const auto& [dtype, tolerance] : formats) {
    export_model_folder(folder_ / dtype, config, tensors, {dtype, 0});
    const auto checkpoint = weights::Checkpoint::open(folder_ / dtype);
    ASSERT_EQ(checkpoint.names().size(), 3U);
    for (const auto& [name, tensor] : tensors) {
      const at::Tensor stored = to_torch(*checkpoint.find(name), at::kCPU);
      const double error = (at::max(at::abs(stored - tensor)) / at::max(at::abs(tensor))).item<double>();
      EXPECT_LE(error, name == "norm.weight" ? 0 : tolerance) << dtype << " " << name;
    }
    convert_model_folder(folder_ / dtype, folder_ / (std::string(dtype) + "2"), {dtype, 0});
    const auto again = weights::Checkpoint::open(folder_ / (std::string(dtype) + "2"));
    for (const auto& [name, tensor] : tensors) {
      const at::Tensor x = to_torch(*checkpoint.find(name), at::kCPU), y = to_torch(*again.find(name), at::kCPU);
      EXPECT_LE(at::max(at::abs(x - y)).item<double>(), 1e-6) << dtype;
    }
  }
  at::Tensor start = at::zeros({64, 64});
  EXPECT_EQ(load_matching(folder_ / "f32", {{"layer.weight", start}, {"other", at::zeros({1})}}), 1U);
  EXPECT_TRUE(at::equal(start, tensors.at("layer.weight")));
  EXPECT_THROW(load_matching(folder_ / "f32", {{"layer.weight", at::zeros({64})}}), weights::CheckpointError);
  // 2 MiB in shards of 1 MiB.
  TensorMap large;
  for (int i = 0; i < 8; ++i) large["w" + std::to_string(i)] = initial_normal(1, std::to_string(i), {256, 256}, 1);
  export_model_folder(folder_ / "shards", config, large, {"f32", 1});
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "shards")) {
    if (entry.path().extension() != ".safetensors") continue;
    EXPECT_LE(std::filesystem::file_size(entry.path()), 1U << 20);
    ++files;
  }
  EXPECT_GE(files, 2);
  convert_model_folder(folder_ / "shards", folder_ / "one", {"f32", 0});
  EXPECT_TRUE(std::filesystem::exists(folder_ / "one" / "model.safetensors"));
  EXPECT_TRUE(at::equal(to_torch(*weights::Checkpoint::open(folder_ / "one").find("w5"), at::kCPU), large.at("w5")));
}

TEST_F(TensorFileTest, WeightsInTrainingAreAWeightSource) {
  const TensorMap tensors{{"a", initial_normal(1, "a", {3, 5}, 1).t()}};
  const TensorWeights source(tensors);
  ASSERT_NE(source.find("a"), nullptr);
  EXPECT_EQ(source.find("b"), nullptr);
  EXPECT_TRUE(at::equal(to_torch(*source.find("a"), at::kCPU), tensors.at("a")));
}

}  // namespace
}  // namespace lacuna::training
