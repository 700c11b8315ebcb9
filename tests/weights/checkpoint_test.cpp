#include "runtime/weights/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numeric>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/checkpoint_writer.h"
#include "runtime/weights/convert.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/manifest.h"
#include "runtime/weights/safetensors_writer.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

const fs::path kSharded =
    fs::path(LACUNA_SOURCE_DIR) / "tests/golden/models/llada_mha_bf16_sharded";

std::string why(const fs::path& path) {
  return test::message_of<CheckpointError>([&] { Checkpoint::open(path); });
}

testing::AssertionResult says(const std::string& message, std::string_view part) {
  if (message.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected '" << part << "' in '" << message << "'";
}

/// Tensors that own their bytes, for writing.
class Tensors {
 public:
  Tensors& add(const std::string& name, graph::Shape shape, float first = 0) {
    std::vector<float> values(static_cast<std::size_t>(shape.elements()));
    std::iota(values.begin(), values.end(), first);
    return add_bytes(name, graph::DType::f32, shape, from_float(values, graph::DType::f32));
  }
  Tensors& add_bytes(const std::string& name, graph::DType dtype, graph::Shape shape,
                     std::vector<std::byte> bytes) {
    storage_.push_back(std::make_shared<std::vector<std::byte>>(std::move(bytes)));
    tensors_.push_back({name, dtype, shape, *storage_.back()});
    return *this;
  }
  std::span<const TensorData> all() const { return tensors_; }

 private:
  std::vector<std::shared_ptr<std::vector<std::byte>>> storage_;  // shared by copies
  std::vector<TensorData> tensors_;
};

void expect_holds(const Checkpoint& checkpoint, const Tensors& tensors) {
  EXPECT_EQ(checkpoint.names().size(), tensors.all().size());
  for (const TensorData& tensor : tensors.all()) {
    const graph::WeightView* view = checkpoint.find(tensor.name);
    ASSERT_NE(view, nullptr) << tensor.name;
    EXPECT_EQ(view->dtype, tensor.dtype);
    EXPECT_EQ(view->shape, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(view->bytes, tensor.bytes)) << tensor.name;
  }
}

void copy_model(const fs::path& to) { fs::copy(kSharded, to, fs::copy_options::recursive); }

TEST(Checkpoint, OpensAShardedModel) {
  const Checkpoint checkpoint = Checkpoint::open(kSharded);
  EXPECT_EQ(checkpoint.names().size(), 30u);
  EXPECT_TRUE(std::ranges::is_sorted(checkpoint.names()));
  EXPECT_EQ(checkpoint.total_bytes(), 361'344u);  // metadata.total_size of the index
  EXPECT_EQ(checkpoint.metadata(), (Metadata{{"format", "pt"}}));
  const graph::WeightView* view = checkpoint.find("model.transformer.wte.weight");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->dtype, graph::DType::bf16);
  EXPECT_EQ(view->shape, (graph::Shape{592, 64}));
  EXPECT_EQ(checkpoint.find("model.transformer.wte.weigh"), nullptr);
  for (const std::string& name : checkpoint.names()) {
    for (const float value : to_float(*checkpoint.find(name))) ASSERT_LT(std::abs(value), 100.0f);
  }
}

TEST(Checkpoint, OpensTheIndexAndASingleShardByName) {
  EXPECT_EQ(Checkpoint::open(kSharded / "model.safetensors.index.json").names().size(), 30u);
  EXPECT_EQ(Checkpoint::open(kSharded / "model-00001-of-00003.safetensors").names().size(), 5u);
}

TEST(Checkpoint, SaysWhatIsMissing) {
  const test::TempFolder folder;
  EXPECT_THROW(Checkpoint::open(folder.path()), IoError);
  EXPECT_THROW(Checkpoint::open(folder / "none"), IoError);
  copy_model(folder / "m");
  fs::remove(folder / "m/model-00002-of-00003.safetensors");
  EXPECT_TRUE(says(why(folder / "m"), "names the shard \"model-00002-of-00003.safetensors\""));
}

TEST(Checkpoint, IndexAndShardsMustAgree) {
  const test::TempFolder folder;
  copy_model(folder / "m");
  const fs::path path = folder / "m/model.safetensors.index.json";
  const Json index = read_json_file(path);
  const auto with_map = [&](auto change) {
    Json::Object map = index.at("weight_map").as_object();
    change(map);
    Json changed = index;
    changed.set("weight_map", Json(std::move(map)));
    write_json_file(path, changed);
    return why(folder / "m");
  };
  const std::string first = index.at("weight_map").as_object().front().key;
  EXPECT_EQ(with_map([](Json::Object&) {}), "");
  EXPECT_TRUE(says(with_map([](Json::Object& map) { map.erase(map.begin()); }),
                   "has a tensor \"" + first + "\" that the index does not put there"));
  EXPECT_TRUE(says(with_map([](Json::Object& map) {
                     map.push_back({"zzz", Json("model-00001-of-00003.safetensors")});
                   }),
                   "tensor \"zzz\" should be in the shard"));
  EXPECT_TRUE(says(with_map([](Json::Object& map) {
                     map.front().value = Json("model-00001-of-00003.safetensors");
                   }),
                   "tensor \"" + first + "\" should be in the shard"));
  for (const char* name : {"../m/model-00001-of-00003.safetensors", "/etc/passwd", "",
                           ".hidden.safetensors", "model.bin", "a/b.safetensors"}) {
    EXPECT_TRUE(says(with_map([&](Json::Object& map) { map.front().value = Json(name); }),
                     "expected the name of a .safetensors file"))
        << name;
  }
  test::put_file(path, "{\"weight_map\":[]}");
  EXPECT_TRUE(says(why(folder / "m"), "weight_map"));
  test::put_file(path, "[]");
  EXPECT_TRUE(says(why(folder / "m"), "weight_map"));
}

TEST(Checkpoint, ATensorInTwoShardsIsAnError) {
  const test::TempFolder folder;
  const Tensors one = Tensors().add("a", {2}), both = Tensors().add("a", {2}).add("b", {2});
  write_checkpoint(folder / "1", one.all());
  write_checkpoint(folder / "2", both.all());
  fs::rename(folder / "1/model.safetensors", folder / "x.safetensors");
  fs::rename(folder / "2/model.safetensors", folder / "y.safetensors");
  test::put_file(folder / "model.safetensors.index.json",
                 R"({"weight_map":{"a":"x.safetensors","b":"y.safetensors"}})");
  EXPECT_TRUE(says(why(folder.path()), "is in another shard as well"));
}

TEST(Checkpoint, TruncatedShardsAreNamed) {
  const test::TempFolder folder;
  copy_model(folder / "m");
  fs::resize_file(folder / "m/model-00003-of-00003.safetensors", 150'000);
  const std::string message = why(folder / "m");
  EXPECT_TRUE(says(message, "model-00003-of-00003.safetensors"));
  EXPECT_TRUE(says(message, "truncated"));
}

TEST(Checkpoint, AShardThatTheIndexDoesNotKnowIsNamed) {
  const test::TempFolder folder;
  copy_model(folder / "m");
  fs::copy(folder / "m/model-00003-of-00003.safetensors", folder / "m/model-00004-of-00003.safetensors");
  EXPECT_TRUE(says(why(folder / "m"), "model-00004-of-00003.safetensors"));
  fs::remove(folder / "m/model-00004-of-00003.safetensors");
  // Of another checkpoint: none of this one's business.
  fs::copy(folder / "m/model-00003-of-00003.safetensors", folder / "m/model-g2-00003-of-00003.safetensors");
  fs::copy(folder / "m/model-00003-of-00003.safetensors", folder / "m/model-00001-of-00007.safetensors");
  EXPECT_EQ(why(folder / "m"), "");
}

TEST(Checkpoint, PicklesAreRefusedWithTheWayOut) {
  const test::TempFolder folder;
  const std::string zip("PK\3\4\x14\0\0\0archive/data.pkl", 24), pickle("\x80\2}q\0(X\6\0\0\0weight", 16);
  for (const char* name : {"pytorch_model.bin", "model.pt", "model.pth", "model.ckpt"}) {
    fs::create_directories(folder / "m");
    test::put_file(folder / "m" / name, zip);
    for (const fs::path& path : {fs::path(folder / "m"), fs::path(folder / "m") / name}) {
      EXPECT_TRUE(says(why(path), name));
      EXPECT_TRUE(says(why(path), "safetensors.torch"));
    }
    fs::remove_all(folder / "m");
  }
  for (const std::string& content : {zip, pickle}) {
    test::put_file(folder / "weights.safetensors", content);
    EXPECT_TRUE(says(why(folder / "weights.safetensors"), "pickle"));
  }
}

TEST(Checkpoint, Int8WeightsCarryTheirRowScale) {
  const test::TempFolder folder;
  const std::vector<float> values = {1, -2, 0.5f, 8, 4, -16, 0, 0, 0};
  const QuantizedRows rows = quantize_rows_int8(values, 3, 3);
  const auto bytes = std::as_bytes(std::span(rows.values));
  const auto scale = from_float(rows.scale, graph::DType::f32);
  const std::vector<std::byte> copy(bytes.begin(), bytes.end());
  Tensors tensors;
  tensors.add_bytes("w", graph::DType::i8, {3, 3}, copy)
      .add_bytes("w_scale", graph::DType::f32, {3}, scale)
      .add_bytes("codes", graph::DType::i8, {9}, copy)
      .add("logit", {2})
      .add("logit_scale", {1});
  for (const std::uint64_t limit : {kOneShard, std::uint64_t{1}}) {
    write_checkpoint(folder / "m", tensors.all(), limit);
    const Checkpoint checkpoint = Checkpoint::open(folder / "m");
    EXPECT_EQ(checkpoint.find("w_scale"), nullptr);
    const std::vector<std::string> names(checkpoint.names().begin(), checkpoint.names().end());
    EXPECT_EQ(names, (std::vector<std::string>{"codes", "logit", "logit_scale", "w"}));
    EXPECT_EQ(checkpoint.total_bytes(), 9u + 12 + 9 + 8 + 4);
    const graph::WeightView* w = checkpoint.find("w");
    ASSERT_EQ(w->row_scale.size(), 3u);
    EXPECT_EQ(w->row_scale[1], 16.0f / 127);
    EXPECT_TRUE(checkpoint.find("codes")->row_scale.empty());
    const std::vector<float> back = to_float(*w);
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(back[i], values[i], rows.scale[i / 3] / 2 * 1.0001f);
    }
  }
}

TEST(Checkpoint, Int8WeightsWithoutAGoodScaleAreRefused) {
  const test::TempFolder folder;
  const auto open_with = [&](graph::DType dtype, graph::Shape shape, float value) {
    const std::vector<float> values(static_cast<std::size_t>(shape.elements()), value);
    Tensors tensors;
    tensors.add_bytes("w", graph::DType::i8, {3, 2}, std::vector<std::byte>(6))
        .add_bytes("w_scale", dtype, shape, from_float(values, dtype));
    write_checkpoint(folder / "m", tensors.all());
    return why(folder / "m");
  };
  EXPECT_EQ(open_with(graph::DType::f32, {3}, 1), "");
  EXPECT_TRUE(says(open_with(graph::DType::f32, {2}, 1), "got f32[2]"));
  EXPECT_TRUE(says(open_with(graph::DType::f32, {3, 1}, 1), "needs a tensor \"w_scale\" F32[3]"));
  EXPECT_TRUE(says(open_with(graph::DType::bf16, {3}, 1), "got bf16[3]"));
  EXPECT_TRUE(says(open_with(graph::DType::f32, {3}, NAN), "finite"));
  EXPECT_TRUE(says(open_with(graph::DType::f32, {3}, -1), "finite"));
  Tensors alone;
  alone.add_bytes("w", graph::DType::i8, {3, 2}, std::vector<std::byte>(6));
  write_checkpoint(folder / "m", alone.all());
  EXPECT_TRUE(says(why(folder / "m"), "got none"));
}

TEST(Checkpoint, ViewsAreAlignedWhereverTheDataLies) {
  const test::TempFolder folder;
  {
    // One odd byte first: every later tensor is misaligned in the file.
    SafetensorsWriter writer(folder / "w.safetensors", {{"odd", graph::DType::u8, {1}},
                                                        {"f", graph::DType::f32, {3}},
                                                        {"d", graph::DType::f64, {2}},
                                                        {"none", graph::DType::f64, {0}}});
    writer.write(std::vector<std::byte>(1));
    const std::array floats = {1.5f, -2.0f, 3.0f};
    const std::array doubles = {0.25, -4.0};
    writer.write(std::as_bytes(std::span(floats)));
    writer.write(std::as_bytes(std::span(doubles)));
    writer.finish();
  }
  const Checkpoint opened = Checkpoint::open(folder / "w.safetensors");
  for (const std::string& name : opened.names()) {
    const graph::WeightView& view = *opened.find(name);
    const auto address = reinterpret_cast<std::uintptr_t>(view.bytes.data());
    EXPECT_EQ(address % graph::size_of(view.dtype), 0u) << name;
  }
  EXPECT_EQ(to_float(*opened.find("f")), (std::vector<float>{1.5f, -2.0f, 3.0f}));
  EXPECT_EQ(to_float(*opened.find("d")), (std::vector<float>{0.25f, -4.0f}));
}

TEST(Checkpoint, ViewsSurviveAMove) {
  Checkpoint first = Checkpoint::open(kSharded);
  const graph::WeightView* view = first.find("model.transformer.wte.weight");
  const std::vector<float> values = to_float(*view);
  const Checkpoint second = std::move(first);
  EXPECT_EQ(second.find("model.transformer.wte.weight"), view);
  EXPECT_EQ(to_float(*view), values);
}

TEST(WriteCheckpoint, RoundTripsAtEveryShardSize) {
  const test::TempFolder folder;
  Tensors tensors;
  for (int i = 0; i < 9; ++i) tensors.add("t" + std::to_string(i), {i, 7}, static_cast<float>(i));
  for (const std::uint64_t limit : {kOneShard, std::uint64_t{1}, std::uint64_t{300},
                                    std::uint64_t{1000}, kOneShard, std::uint64_t{500}}) {
    write_checkpoint(folder / "m", tensors.all(), limit, {{"step", "12"}});
    const Checkpoint checkpoint = Checkpoint::open(folder / "m");
    expect_holds(checkpoint, tensors);
    EXPECT_EQ(checkpoint.metadata(), (Metadata{{"step", "12"}}));
    // Nothing of the checkpoint before is left.
    std::size_t shards = 0;
    for (const auto& entry : fs::directory_iterator(folder / "m")) {
      if (entry.path().extension() != ".safetensors") continue;
      ++shards;
      EXPECT_LE(SafetensorsFile(entry.path()).header().entries.size(), tensors.all().size());
    }
    EXPECT_EQ(fs::exists(folder / "m/model.safetensors.index.json"), limit != kOneShard);
    EXPECT_EQ(test::files_in(folder / "m"), shards + (limit != kOneShard ? 1 : 0));
  }
}

TEST(WriteCheckpoint, ShardsStayUnderTheLimit) {
  const test::TempFolder folder;
  Tensors tensors;
  for (int i = 0; i < 20; ++i) tensors.add("t" + std::to_string(i), {1 + (i * 7) % 11, 5});
  write_checkpoint(folder / "m", tensors.all(), 400);
  std::size_t shards = 0;
  for (const auto& entry : fs::directory_iterator(folder / "m")) {
    if (entry.path().extension() != ".safetensors") continue;
    ++shards;
    std::uint64_t bytes = 0;
    const SafetensorsFile file(entry.path());
    for (const SafetensorsEntry& tensor : file.header().entries) bytes += tensor.size;
    EXPECT_LE(bytes, 400u);
  }
  EXPECT_GT(shards, 3u);
}

TEST(WriteCheckpoint, ALargeTensorGetsAShardOfItsOwn) {
  const test::TempFolder folder;
  const Tensors tensors = Tensors().add("a", {2}).add("big", {100}).add("b", {2});
  write_checkpoint(folder / "m", tensors.all(), 20);
  expect_holds(Checkpoint::open(folder / "m"), tensors);
  EXPECT_EQ(test::files_in(folder / "m"), 4u);
}

TEST(WriteCheckpoint, UsesHuggingFaceNamesInAFreshFolder) {
  const test::TempFolder folder;
  const Tensors tensors = Tensors().add("a", {4}).add("b", {4});
  write_checkpoint(folder / "new/m", tensors.all(), 16);
  EXPECT_TRUE(fs::exists(folder / "new/m/model-00001-of-00002.safetensors"));
  EXPECT_TRUE(fs::exists(folder / "new/m/model-00002-of-00002.safetensors"));
  const Json index = read_json_file(folder / "new/m/model.safetensors.index.json");
  EXPECT_EQ(index.at("metadata").at("total_size").as_integer(), 32);
}

TEST(WriteCheckpoint, LeavesOtherFilesAndCleansUpAfterACrash) {
  const test::TempFolder folder;
  for (const char* name : {"config.json", "tokenizer.model", "model-notes.txt", "optimizer.bin",
                           "ema-00001-of-00002.safetensors"}) {
    test::put_file(folder / name, "x");
  }
  test::put_file(folder / ".model-00001-of-00002.safetensors.0123456789abcdef.tmp", "half");
  write_checkpoint(folder.path(), Tensors().add("a", {4}).add("b", {4}).all(), 16);
  write_checkpoint(folder.path(), Tensors().add("a", {4}).all());
  EXPECT_EQ(test::files_in(folder.path()), 6u);
}

TEST(WriteCheckpoint, AFailureKeepsTheOldCheckpoint) {
  const test::TempFolder folder;
  const Tensors old = Tensors().add("a", {4}).add("b", {4}, 100);
  write_checkpoint(folder / "m", old.all(), 16);
  const std::size_t files = test::files_in(folder / "m");
  const Tensors twice = Tensors().add("c", {4}).add("d", {4}).add("c", {4});
  EXPECT_THROW(write_checkpoint(folder / "m", twice.all(), 16), std::invalid_argument);
  const Tensors bad_name = Tensors().add("c", {4}).add("d\n", {4});
  EXPECT_THROW(write_checkpoint(folder / "m", bad_name.all(), 16), std::invalid_argument);
  const Tensors short_data =
      Tensors().add_bytes("c", graph::DType::f32, {4}, std::vector<std::byte>(15));
  EXPECT_THROW(write_checkpoint(folder / "m", short_data.all(), 16), std::invalid_argument);
  expect_holds(Checkpoint::open(folder / "m"), old);
  EXPECT_EQ(test::files_in(folder / "m"), files);
}

TEST(Manifest, AcceptsWhatFitsAndListsWhatDoesNot) {
  const Checkpoint checkpoint = Checkpoint::open(kSharded);
  std::vector<graph::NamedShape> manifest;
  for (const std::string& name : checkpoint.names()) {
    manifest.push_back({name, checkpoint.find(name)->shape});
  }
  EXPECT_NO_THROW(check_manifest(manifest, checkpoint, checkpoint.path()));
  manifest[0].shape = graph::Shape{1, 2, 3};
  manifest[1].name = "absent";
  const std::string message = test::message_of<CheckpointError>(
      [&] { check_manifest(manifest, checkpoint, checkpoint.path()); });
  EXPECT_TRUE(says(message, "2 of 30"));
  EXPECT_TRUE(says(message, "\"" + manifest[0].name + "\" has shape [64] (expected [1, 2, 3])"));
  EXPECT_TRUE(says(message, "\"absent\" is missing (expected [64, 64])"));
  for (graph::NamedShape& wanted : manifest) wanted.name += "x";
  const std::string all = test::message_of<CheckpointError>(
      [&] { check_manifest(manifest, checkpoint, checkpoint.path()); });
  EXPECT_TRUE(says(all, "30 of 30"));
  EXPECT_TRUE(says(all, "... and 25 more"));
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 6);
}

TEST(Manifest, WantsRealNumbers) {
  const test::TempFolder folder;
  Tensors tensors;
  tensors.add_bytes("i", graph::DType::i64, {1}, std::vector<std::byte>(8))
      .add_bytes("q", graph::DType::i8, {4}, std::vector<std::byte>(4));
  write_checkpoint(folder / "m", tensors.all());
  const Checkpoint checkpoint = Checkpoint::open(folder / "m");
  const auto check = [&](const graph::NamedShape& wanted) {
    return test::message_of<CheckpointError>(
        [&] { check_manifest(std::span(&wanted, 1), checkpoint, "m"); });
  };
  EXPECT_TRUE(says(check({"i", {1}}), "has dtype i64"));
  EXPECT_TRUE(says(check({"q", {4}}), "i8 without a row scale"));
}

TEST(Checkpoint, OpensATypicalModelInMilliseconds) {
  const test::TempFolder folder;
  Tensors tensors;
  for (int i = 0; i < 240; ++i) {  // 24 MB, like the shipped model
    tensors.add_bytes("model.layers." + std::to_string(i) + ".weight", graph::DType::bf16,
                      {100, 500}, std::vector<std::byte>(100'000));
  }
  write_checkpoint(folder / "m", tensors.all());
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Checkpoint checkpoint = Checkpoint::open(folder / "m");
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    ASSERT_EQ(checkpoint.total_bytes(), 24'000'000u);
    best = std::min(best, elapsed.count());
  }
  RecordProperty("open_ms", std::to_string(best));
  std::printf("opening 24 MB in 240 tensors: %.3f ms\n", best);
  // Generous enough for sanitizer builds and a busy machine; reading the data would take longer
  // than this.
  EXPECT_LT(best, 20.0);
}

}  // namespace
}  // namespace lacuna::weights
