#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>

#include "fusion/graph/graph_builder.h"
#include "runtime/cpu/cpu_executor.h"
#include "runtime/weights/block_quantize.h"

namespace lacuna::cpu {
namespace {

using graph::DType;
using graph::HostTensor;

/// One matrix "w".
class OneWeight final : public graph::WeightSource {
 public:
  OneWeight(DType dtype, graph::Shape shape, std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {
    view_ = {dtype, shape, bytes_, {}};
  }
  explicit OneWeight(weights::QuantizedBlocks blocks) : blocks_(std::move(blocks)), view_(blocks_.view()) {}
  OneWeight(const OneWeight&) = delete;
  OneWeight& operator=(const OneWeight&) = delete;

  const graph::WeightView* find(std::string_view name) const override { return name == "w" ? &view_ : nullptr; }

 private:
  std::vector<std::byte> bytes_;
  weights::QuantizedBlocks blocks_;
  graph::WeightView view_;
};

std::vector<float> numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& v : values) v = normal(random);
  if (count > 64) std::fill_n(values.begin() + 32, 32, 0.0f);  // a block whose scale is zero
  return values;
}

std::vector<float> widened(const OneWeight& source) {
  const graph::WeightView& view = *source.find("w");
  std::vector<float> values(std::size_t(view.shape.elements()));
  graph::dequantise_rows(view, 0, view.shape[0], values.data());
  return values;
}

std::shared_ptr<const OneWeight> stored_f32(const graph::Shape& shape, std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return std::make_shared<const OneWeight>(DType::f32, shape, std::vector(bytes.begin(), bytes.end()));
}

/// x w^T for rows [begin, end) of w.
std::vector<float> product(const CpuOptions& options, std::shared_ptr<const OneWeight> source, std::int64_t rows,
                           std::int64_t begin = 0) {
  const graph::Shape shape = source->find("w")->shape;
  graph::GraphBuilder b;
  const graph::Value w = b.weight("w", shape), used = begin == 0 ? w : b.slice(w, {0, begin, shape[0]});
  b.output("y", b.linear(b.input("x", DType::f32, {rows, shape[1]}), used));
  const graph::Graph graph = b.finish();
  CpuExecutor executor(options);
  const auto plan = executor.prepare(graph, std::move(source));
  const std::vector<HostTensor> inputs{HostTensor::of({rows, shape[1]}, numbers(std::size_t(rows * shape[1]), 3))};
  std::vector<HostTensor> outputs{HostTensor(DType::f32, {rows, shape[0] - begin})};
  plan->run(inputs, outputs);
  plan->run(inputs, outputs);  // the second time with what the first one may have kept
  const auto out = outputs[0].f32();
  return {out.begin(), out.end()};
}

/// Every way that a processor may go: instruction sets and what a product computes in.
std::vector<CpuOptions> engines() {
  const CpuFeatures all = detect_cpu_features(), avx2{true, false, false, false}, avx512{true, true, false, true};
  constexpr std::size_t kAll = 1;  // weights in bf16 are streamed whatever their size
  return {{Precision::f32, 2, {}, kAll},   {Precision::f32, 2, avx2, kAll}, {Precision::f32, 2, all, kAll},
          {Precision::bf16, 2, all, kAll}, {Precision::int8, 2, all, kAll}, {Precision::int8, 3, avx512, kAll}};
}

TEST(StreamedWeight, BlocksGiveTheBytesOfTheSameNumbersPacked) {
  unsigned seed = 1;
  for (const DType dtype : {DType::q8_0, DType::q4_0, DType::q4_1}) {
    for (const auto& [columns, depth] : {std::pair{64, 64}, {192, 1120}, {320, 2048}, {100, 96}, {17, 4096}}) {
      const auto blocks = std::make_shared<const OneWeight>(
          weights::quantize_blocks(numbers(std::size_t(columns) * std::size_t(depth), ++seed), columns, depth, dtype));
      const auto reals = stored_f32({columns, depth}, widened(*blocks));
      for (const CpuOptions& options : engines()) {
        for (const std::int64_t begin : {0, columns > 64 ? columns / 3 : 0}) {
          EXPECT_EQ(product(options, blocks, 37, begin), product(options, reals, 37, begin))
              << name_of(dtype) << " " << columns << " x " << depth << " from " << begin << " "
              << name_of(options.precision) << " avx512 " << options.allowed.avx512;
        }
      }
    }
  }
}

TEST(StreamedWeight, Bf16GivesTheBytesOfTheSameNumbersPacked) {
  for (const graph::Shape& shape : {graph::Shape{192, 1120}, graph::Shape{64, 4096}, graph::Shape{17, 96}}) {
    std::vector<float> values = numbers(std::size_t(shape.elements()), 9);
    std::vector<std::byte> bytes(values.size() * 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto bits = std::uint16_t(std::bit_cast<std::uint32_t>(values[i]) >> 16);
      std::memcpy(bytes.data() + 2 * i, &bits, 2);
      values[i] = std::bit_cast<float>(std::uint32_t(bits) << 16);
    }
    const auto narrow = std::make_shared<const OneWeight>(DType::bf16, shape, bytes);
    const auto wide = stored_f32(shape, values);
    for (CpuOptions options : engines()) {
      const auto packed = product(options, wide, 45);
      EXPECT_EQ(product(options, narrow, 45), packed)
          << shape.to_string() << " " << name_of(options.precision) << " avx512 " << options.allowed.avx512;
      options.streamed_bytes = std::size_t{1} << 30;
      EXPECT_EQ(product(options, narrow, 45), packed);
    }
  }
}

}  // namespace
}  // namespace lacuna::cpu
