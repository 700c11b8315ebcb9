#include "runtime/weights/conversion.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <limits>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/checkpoint_writer.h"
#include "runtime/weights/convert.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/quantization_policy.h"
#include "tests/weights/gguf_bytes.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

using graph::DType;
namespace fs = std::filesystem;

float value_at(std::int64_t row, std::int64_t column) { return std::sin(float(row * 131 + column * 7)) * 0.1f; }

/// A tensor that makes its values up, and counts how many rows were asked for.
ConversionTensor made_up(const std::string& name, graph::Shape shape, DType dtype, std::int64_t* read = nullptr,
                         std::int64_t fail_at = -1) {
  std::int64_t width = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) width *= shape[axis];
  return {name, shape, dtype, [=](std::int64_t begin, std::int64_t rows, float* out) {
            for (std::int64_t r = begin; r < begin + rows; ++r) {
              if (r == fail_at) throw IoError("source", "read", EIO);
              for (std::int64_t c = 0; c < width; ++c) *out++ = value_at(r, c);
            }
            if (read != nullptr) *read += rows;
          }};
}

std::vector<ConversionTensor> model(std::int64_t* read = nullptr, std::int64_t fail_at = -1) {
  return {made_up("embed", {65, 64}, DType::q8_0, read),
          made_up("layers.0.w", {33, 96}, DType::q4_0, read),
          made_up("layers.1.w", {33, 96}, DType::q4_1, read),
          made_up("layers.1.norm", {33}, DType::f32, read),
          made_up("rows", {7, 33}, DType::i8, read),
          made_up("filter", {5, 3, 3, 3}, DType::bf16, read),
          made_up("last", {50, 32}, DType::f16, read, fail_at)};
}

void expect_model(const fs::path& folder) {
  const Checkpoint checkpoint = Checkpoint::open(folder);
  EXPECT_EQ(checkpoint.names().size(), 7u);
  for (const ConversionTensor& tensor : model()) {
    const graph::WeightView* view = checkpoint.find(tensor.name);
    ASSERT_NE(view, nullptr) << tensor.name;
    EXPECT_EQ(view->shape, tensor.shape);
    EXPECT_EQ(view->dtype, tensor.dtype);
    std::vector<float> expected(std::size_t(tensor.shape.elements()));
    tensor.read_rows(0, tensor.shape[0], expected.data());
    const std::vector<float> got = to_float(*view);
    double error = 0, power = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      error += std::pow(got[i] - expected[i], 2);
      power += std::pow(expected[i], 2);
    }
    EXPECT_LT(std::sqrt(error / power), 0.13) << tensor.name;
  }
}

TEST(Conversion, WritesACheckpointInOneFileOrMany) {
  for (const std::uint64_t shard : {std::uint64_t(1) << 30, std::uint64_t(4000), std::uint64_t(1)}) {
    for (const std::uint64_t chunk : {std::uint64_t(1), std::uint64_t(1000), std::uint64_t(1) << 20}) {
      const test::TempFolder folder;
      ConversionOptions options;
      options.max_shard_bytes = shard;
      options.chunk_bytes = chunk;
      options.threads = 1 + int(chunk % 3);
      std::size_t calls = 0;
      options.progress = [&](const TensorReport&, std::size_t done, std::size_t total) {
        EXPECT_EQ(done, ++calls);
        EXPECT_EQ(total, 7u);
      };
      const auto reports = convert_tensors(folder / "m", model(), options);
      expect_model(folder / "m");
      EXPECT_EQ(calls, 7u);
      ASSERT_EQ(reports.size(), 7u);
      std::uint64_t bytes = 0;
      for (const TensorReport& report : reports) bytes += report.bytes;
      EXPECT_EQ(bytes, converted_bytes(model()));
      EXPECT_EQ(bytes, Checkpoint::open(folder / "m").total_bytes());
      EXPECT_EQ(reports[3].relative_rms, 0);  // f32
      EXPECT_NEAR(reports[0].relative_rms, 0.005, 0.004);
      EXPECT_GT(reports[1].relative_rms, reports[2].relative_rms);
      EXPECT_GT(reports[1].largest_error, 0);
      for (const auto& file : fs::directory_iterator(folder / "m")) {
        EXPECT_EQ(file.path().filename().string().find("journal"), std::string::npos);
      }
    }
  }
}

TEST(Conversion, AnInterruptedOneGoesOn) {
  const test::TempFolder folder;
  ConversionOptions options;
  options.max_shard_bytes = 3000;
  options.identity = "a";
  EXPECT_THROW(convert_tensors(folder / "m", model(nullptr, 20), options), IoError);
  EXPECT_THROW(Checkpoint::open(folder / "m"), IoError);  // nothing half
  std::int64_t read = 0;
  const auto resumed = convert_tensors(folder / "m", model(&read), options);
  EXPECT_EQ(read, 50);  // the last tensor alone
  expect_model(folder / "m");
  const test::TempFolder other;
  const auto whole = convert_tensors(other / "m", model(), options);
  ASSERT_EQ(resumed.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(resumed[i].name, whole[i].name);
    EXPECT_EQ(resumed[i].relative_rms, whole[i].relative_rms);
  }
  for (const auto& file : fs::directory_iterator(other / "m")) {
    EXPECT_EQ(test::get_file(file.path()), test::get_file(folder / "m" / file.path().filename())) << file.path();
  }
}

TEST(Conversion, OtherWorkOrBrokenShardsAreNotGoneOnWith) {
  for (const std::string what : {"identity", "shards", "broken", "journal"}) {
    const test::TempFolder folder;
    ConversionOptions options;
    options.max_shard_bytes = 3000;
    options.identity = "a";
    EXPECT_THROW(convert_tensors(folder / "m", model(nullptr, 20), options), IoError);
    if (what == "identity") options.identity = "b";
    if (what == "shards") options.max_shard_bytes = 5000;
    if (what == "broken") {
      for (const auto& file : fs::directory_iterator(folder / "m")) {
        if (file.path().extension() == ".safetensors") fs::resize_file(file.path(), 100);
      }
    }
    if (what == "journal") test::put_file(folder / "m" / "conversion.journal.json", "{\"plan\": 3}");
    std::int64_t read = 0;
    convert_tensors(folder / "m", model(&read), options);
    EXPECT_EQ(read, 65 + 33 + 33 + 33 + 7 + 5 + 50) << what;
    expect_model(folder / "m");
  }
}

TEST(Conversion, RefusesWhatItCannotDo) {
  const test::TempFolder folder;
  const auto convert = [&](std::vector<ConversionTensor> tensors) { convert_tensors(folder / "m", tensors, {}); };
  EXPECT_THROW(convert({}), std::invalid_argument);
  EXPECT_THROW(convert({made_up("a", {2, 33}, DType::q8_0)}), std::invalid_argument);
  EXPECT_THROW(convert({made_up("a", {32}, DType::q8_0)}), std::invalid_argument);
  EXPECT_THROW(convert({made_up("a", {2, 2, 32}, DType::i8)}), std::invalid_argument);
  EXPECT_THROW(convert({made_up("a", {4}, DType::i64)}), std::invalid_argument);
  EXPECT_THROW(convert({made_up("a", {4}, DType::f32), made_up("a", {4}, DType::f32)}), std::invalid_argument);
  EXPECT_THROW(convert({made_up("a", {2, 32}, DType::q8_0), made_up("a_scale", {4}, DType::f32)}), std::invalid_argument);
  ConversionTensor bad = made_up("bad", {2, 32}, DType::bf16);
  bad.read_rows = [](std::int64_t, std::int64_t rows, float* out) {
    std::fill_n(out, rows * 32, std::numeric_limits<float>::quiet_NaN());
  };
  EXPECT_NE(test::message_of<std::invalid_argument>([&] { convert({bad}); }).find("\"bad\""), std::string::npos);
  convert({made_up("a", {4}, DType::f32)});
  try {
    convert({made_up("a", {4}, DType::f32)});
    ADD_FAILURE() << "wrote over a checkpoint";
  } catch (const IoError& error) {
    EXPECT_EQ(error.error(), EEXIST);
  }
}

TEST(Conversion, TooSmallADiskIsSaidBeforeAnythingIsWritten) {
  const test::TempFolder folder;
  const ConversionTensor huge{"huge", {std::int64_t(1) << 30, std::int64_t(1) << 20}, DType::f32,
                              [](std::int64_t, std::int64_t, float*) { ADD_FAILURE() << "read"; }};
  try {
    convert_tensors(folder / "m", std::vector{huge}, {});
    ADD_FAILURE() << "no error";
  } catch (const IoError& error) {
    EXPECT_EQ(error.error(), ENOSPC);
  }
}

TEST(Conversion, RotaryPairsAreUntangled) {
  // What llama.cpp's converter does: reshape [heads, 2, dim / 2, ...], swap the two inner axes.
  const std::int64_t heads = 3, dim = 8;
  std::vector<std::int64_t> tangled;
  for (std::int64_t h = 0; h < heads; ++h) {
    for (std::int64_t j = 0; j < dim / 2; ++j) {
      for (std::int64_t t = 0; t < 2; ++t) tangled.push_back(h * dim + t * dim / 2 + j);
    }
  }
  const auto order = rotary_half_order(heads, dim);
  for (std::size_t row = 0; row < order.size(); ++row) EXPECT_EQ(tangled[std::size_t(order[row])], std::int64_t(row));

  const test::TempFolder folder;
  std::vector<float> stored;
  for (const std::int64_t row : tangled) stored.insert(stored.end(), {float(row), float(-row)});
  const std::string bytes(reinterpret_cast<const char*>(stored.data()), stored.size() * sizeof(float));
  test::put_file(folder / "m.gguf", test::GgufBytes().tensor("q", {24, 2}, GgufType::f32, bytes).bytes());
  const std::shared_ptr<const TensorSource> source = open_tensor_source(folder / "m.gguf");
  convert_tensors(folder / "m", std::vector{conversion_of(source, "q", "q_proj", DType::f32, order)}, {});
  const auto back = to_float(*Checkpoint::open(folder / "m").find("q_proj"));
  for (std::int64_t row = 0; row < 24; ++row) EXPECT_EQ(back[std::size_t(2 * row)], float(row));
  EXPECT_THROW(conversion_of(source, "k", "k", DType::f32), std::invalid_argument);
  EXPECT_THROW(conversion_of(source, "q", "q", DType::f32, {1, 2}), std::invalid_argument);
}

TEST(TensorSource, ReadsCheckpointsByRows) {
  const test::TempFolder folder;
  convert_tensors(folder / "m", model(), {});
  const auto source = open_tensor_source(folder / "m");
  const Checkpoint checkpoint = Checkpoint::open(folder / "m");
  EXPECT_EQ(source->names().size(), 7u);
  for (const std::string& name : source->names()) {
    const auto whole = to_float(*checkpoint.find(name));
    const auto stored = source->find(name);
    const std::int64_t rows = stored->shape[0], width = stored->shape.elements() / rows;
    std::vector<float> got(whole.size());
    for (std::int64_t row = 0; row < rows; row += 3) {
      source->read_rows(name, row, std::min<std::int64_t>(3, rows - row), got.data() + row * width);
      source->release(name);
    }
    EXPECT_EQ(got, whole) << name;
    EXPECT_THROW(source->read_rows(name, rows, 1, got.data()), std::invalid_argument);
  }
  EXPECT_EQ(source->find("nothing"), std::nullopt);
}

TEST(QuantizationPolicy, RolesByNameAndShape) {
  const std::vector<std::string> names = {"model.transformer.blocks.0.q_proj.weight", "model.transformer.blocks.31.x"};
  EXPECT_EQ(count_layers(names), 32);
  const graph::Shape matrix{64, 64};
  EXPECT_EQ(tensor_role("model.transformer.wte.weight", matrix, 32), TensorRole::embedding);
  EXPECT_EQ(tensor_role("model.transformer.ff_out.weight", matrix, 32), TensorRole::head);
  EXPECT_EQ(tensor_role("model.transformer.blocks.3.ff_out.weight", matrix, 32), TensorRole::layer);
  EXPECT_EQ(tensor_role("model.layers.0.mlp.up_proj.weight", matrix, 32), TensorRole::first_layer);
  EXPECT_EQ(tensor_role("model.layers.31.mlp.up_proj.weight", matrix, 32), TensorRole::last_layer);
  EXPECT_EQ(tensor_role("model.norm.weight", {64}, 32), TensorRole::vector);
  EXPECT_EQ(tensor_role("conv", {64, 3, 3, 3}, 0), TensorRole::filter);
  for (const char* role : {"vector", "filter", "embedding", "head", "first", "last", "layer", "other"}) {
    EXPECT_EQ(name_of(tensor_role_named(role)), role);
  }
  EXPECT_THROW(tensor_role_named("norm"), std::invalid_argument);
}

TEST(QuantizationPolicy, SensitiveTensorsKeepMore) {
  QuantizationPolicy policy;
  policy.type = DType::q4_0;
  const graph::Shape matrix{64, 64};
  EXPECT_EQ(policy.dtype_for("layers.5.w", matrix, 32), DType::q4_0);
  EXPECT_EQ(policy.dtype_for("layers.0.w", matrix, 32), DType::q8_0);
  EXPECT_EQ(policy.dtype_for("lm_head.weight", matrix, 32), DType::q8_0);
  EXPECT_EQ(policy.dtype_for("layers.5.w", {64, 33}, 32), DType::bf16);
  EXPECT_EQ(policy.dtype_for("layers.5.norm", {64}, 32), DType::f32);
  EXPECT_EQ(policy.dtype_for("conv", {4, 4, 3, 3}, 32), DType::bf16);
  policy.sensitive.clear();
  EXPECT_EQ(policy.dtype_for("lm_head.weight", matrix, 32), DType::q4_0);
  policy.rules = {{"*.5.*", DType::bf16}, {"lm_*", DType::q4_1}};
  EXPECT_EQ(policy.dtype_for("layers.5.w", matrix, 32), DType::bf16);
  EXPECT_EQ(policy.dtype_for("lm_head.weight", matrix, 32), DType::q4_1);
  QuantizationPolicy fine;
  fine.type = DType::bf16;
  EXPECT_EQ(fine.dtype_for("lm_head.weight", matrix, 32), DType::bf16);
  EXPECT_TRUE(matches_pattern("*a*b", "xxaxxaxb"));
  EXPECT_FALSE(matches_pattern("*a*b", "xxaxxaxbc"));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_EQ(weight_type_named("int8"), DType::i8);
  EXPECT_THROW(weight_type_named("q5"), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::weights
