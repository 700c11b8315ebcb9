#include "runtime/weights/gguf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "runtime/weights/block_quantize.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/convert.h"
#include "runtime/weights/tensor_source.h"
#include "tests/weights/gguf_bytes.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

using test::GgufBytes;

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

GgufHeader parse(const std::string& bytes) { return parse_gguf(std::as_bytes(std::span(bytes)), "x.gguf"); }

std::string why(const std::string& bytes) {
  return test::message_of<CheckpointError>([&] { parse(bytes); });
}

GgufBytes small() {
  GgufBytes file;
  file.value("general.architecture", "llada")
      .value("llada.block_count", std::uint32_t(2))
      .value("llada.eps", 1e-5f)
      .value("flag", true)
      .value("tokenizer.ggml.tokens", std::vector<std::string>{"a", "", "bc"})
      .value("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, -3, 3})
      .tensor("a", {3}, GgufType::f32, floats({1, 2, 3}))
      .tensor("b", {2, 4}, GgufType::f32, floats({1, 2, 3, 4, 5, 6, 7, 8}));
  return file;
}

TEST(Gguf, ReadsMetadataAndTensors) {
  const test::TempFolder folder;
  test::put_file(folder / "m.gguf", small().bytes());
  const GgufFile file(folder / "m.gguf");
  EXPECT_EQ(file.text("general.architecture"), "llada");
  EXPECT_EQ(file.integer("llada.block_count", 1, 10), 2);
  EXPECT_FLOAT_EQ(float(file.number("llada.eps")), 1e-5f);
  EXPECT_EQ(file.texts("tokenizer.ggml.tokens"), (std::vector<std::string_view>{"a", "", "bc"}));
  EXPECT_EQ(file.integers("tokenizer.ggml.token_type"), (std::vector<std::int64_t>{1, -3, 3}));
  EXPECT_EQ(file.integer_if("nothing", 0, 1), std::nullopt);
  EXPECT_THROW(file.integer("nothing", 0, 1), CheckpointError);
  EXPECT_THROW(file.integer("llada.block_count", 3, 10), CheckpointError);
  EXPECT_THROW(file.text("llada.block_count"), CheckpointError);
  EXPECT_THROW(file.texts("tokenizer.ggml.token_type"), CheckpointError);
  const GgufTensor* b = file.tensor("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->shape, (graph::Shape{2, 4}));
  std::vector<float> row(4);
  file.read_rows(*b, 1, 1, row.data());
  EXPECT_EQ(row, (std::vector<float>{5, 6, 7, 8}));
  file.release(*b);
  file.read_rows(*b, 0, 1, row.data());
  EXPECT_EQ(row, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_THROW(file.read_rows(*b, 1, 2, row.data()), std::invalid_argument);
  EXPECT_EQ(file.tensor("c"), nullptr);
}

TEST(Gguf, EveryTruncationIsRefused) {
  const std::string whole = small().bytes();
  EXPECT_EQ(why(whole), "");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(why(whole.substr(0, length)), "") << length;
  }
  EXPECT_NE(why(whole + std::string(64, '\0')), "");
}

TEST(Gguf, FlippedBytesAreRefusedOrHarmless) {
  const std::string whole = small().bytes();
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string broken = whole;
    for (auto n = 1 + random() % 3; n > 0; --n) broken[random() % broken.size()] = char(random());
    const std::string message = why(broken);  // anything but CheckpointError fails the test
    EXPECT_TRUE(message.empty() || message.starts_with("x.gguf: ")) << message;
  }
}

TEST(Gguf, AttackClassesAreRefusedByName) {
  const auto says = [](const std::string& bytes, const std::string& part) {
    const std::string message = why(bytes);
    EXPECT_NE(message.find(part), std::string::npos) << "expected " << part << " in: " << message;
  };
  const auto raw64 = [](std::uint64_t v) { return GgufBytes::raw(v); };
  const auto header = [&](std::uint32_t version, std::uint64_t tensors, std::uint64_t values) {
    return "GGUF" + GgufBytes::raw(version) + raw64(tensors) + raw64(values);
  };
  says("", "GGUF");
  says("GGUF", "ends before");
  says(header(1, 0, 0), "version 2 or 3");
  says(header(0x03000000, 0, 0), "big-endian");
  says(header(3, ~0ull, 0), "tensors");
  says(header(3, 1 << 20, 0), "tensors");
  says(header(3, 1000, 0), "file ends");
  says(header(3, 0, ~0ull), "metadata values");
  says(header(3, 0, 1) + raw64(~0ull) + "abcdefgh", "length");
  says(header(3, 0, 1) + raw64(1ull << 63) + "abcdefgh", "length");
  says(header(3, 0, 1) + raw64(400) + std::string(500, 'k'), "length");
  const std::string key = GgufBytes::text("k");
  says(header(3, 0, 1) + key + GgufBytes::raw(std::uint32_t(13)) + raw64(0), "type of value");
  says(header(3, 0, 1) + key + GgufBytes::raw(std::uint32_t(7)) + "\2", "true or false");
  says(header(3, 0, 1) + key + GgufBytes::raw(std::uint32_t(10)) + raw64(~0ull), "2^63");
  const auto array = [&](std::uint32_t type, std::uint64_t n, const std::string& rest) {
    return header(3, 0, 1) + key + GgufBytes::raw(std::uint32_t(9)) + GgufBytes::raw(type) + raw64(n) + rest;
  };
  says(array(9, 1, std::string(64, '\0')), "list of lists");
  says(array(8, ~0ull / 16 + 2, std::string(64, '\0')), "elements");
  says(array(8, 3, raw64(1) + "a"), "elements");
  says(array(4, 1ull << 62, std::string(16, '\0')), "elements");
  says(array(8, 1, raw64(1000) + "abc"), "length");
  says(GgufBytes().value("a", true).value("a", false).bytes(), "twice");
  says(GgufBytes().value("", true).bytes(), "name");
  says(GgufBytes().value("a\nb", true).bytes(), "name");
  for (const std::uint32_t alignment : {0u, 3u, 48u, 1u << 17, 1u << 31}) {
    says(GgufBytes().value("general.alignment", alignment).bytes(), "power of two");
  }
  says(GgufBytes().value("general.alignment", "32").bytes(), "power of two");
  const auto f32 = GgufType::f32;
  const std::string four(16, '\0');
  says(GgufBytes().tensor("t", {}, f32, four).bytes(), "axes");
  says(GgufBytes().tensor("t", {1, 1, 1, 1, 4}, f32, four).bytes(), "axes");
  says(GgufBytes().tensor("t", {0}, f32, four).bytes(), "product");
  says(GgufBytes().tensor("t", {~0ull}, f32, four).bytes(), "product");
  says(GgufBytes().tensor("t", {1ull << 32, 1ull << 32}, f32, four).bytes(), "product");
  says(GgufBytes().tensor("t", {1ull << 62}, f32, four).bytes(), "bytes");
  says(GgufBytes().tensor("t", {1ull << 60}, f32, four).bytes(), "file has");
  says(GgufBytes().tensor("t", {5}, f32, four).bytes(), "file has");
  says(GgufBytes().tensor("t", {4}, GgufType(3), four).bytes(), "type number 3");
  says(GgufBytes().tensor("t", {4}, GgufType(~0u), four).bytes(), "type number");
  says(GgufBytes().tensor("t", {2, 33}, GgufType::q8_0, std::string(68, '\0')).bytes(), "multiple of 32");
  says(GgufBytes().tensor("t", {32}, GgufType::q8_0, std::string(34, '\0')).bytes(), "vector");
  says(GgufBytes().tensor("t", {4}, f32, four).tensor("t", {4}, f32, four).bytes(), "twice");
  says(GgufBytes().tensor("t", {4}, f32, four + four + four).bytes(), "expected the end");
  says(GgufBytes().tensor("t", {4}, f32, four).tensor("u", {12}, f32, four).bytes(), "file has");
  // A hole, and an overlap: the second tensor's offset by hand.
  std::string moved = GgufBytes().tensor("t", {4}, f32, four).tensor("u", {4}, f32, four).bytes();
  const std::size_t offset = moved.find(GgufBytes::text("u")) + 9 + 4 + 8 + 4;
  for (const char to : {'\0', '\20', '\100'}) {
    moved[offset] = to;
    says(moved, "right after");
  }
}

TEST(Gguf, OddAlignmentsAreTaken) {
  for (const std::uint64_t alignment : {1, 8, 64, 4096}) {
    GgufBytes file(alignment);
    file.tensor("t", {3}, GgufType::f32, floats({1, 2, 3})).tensor("u", {1}, GgufType::f32, floats({4}));
    const std::string bytes = file.bytes();
    const GgufHeader header = parse(bytes);
    ASSERT_EQ(header.tensors.size(), 2u);
    float value = 0;
    dequantize_gguf(GgufType::f32, std::as_bytes(std::span(bytes)).data() + header.tensors[1].offset, 1, 1, &value);
    EXPECT_EQ(value, 4);
  }
}

std::string half(float value) { return GgufBytes::raw(float_to_f16(value)); }

TEST(GgufBlocks, Q4KHasEightBlocksWithSixBitFactors) {
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    const float d = 0.25f * float(1 + round), low = 0.125f;
    unsigned scale[8], minimum[8], code[256];
    for (int b = 0; b < 8; ++b) scale[b] = random() % 64, minimum[b] = random() % 64;
    for (unsigned& c : code) c = random() % 16;
    // The twelve bytes as the format's description draws them.
    unsigned char packed[12] = {};
    for (int b = 0; b < 4; ++b) {
      packed[b] = static_cast<unsigned char>(scale[b] | (scale[b + 4] >> 4) << 6);
      packed[b + 4] = static_cast<unsigned char>(minimum[b] | (minimum[b + 4] >> 4) << 6);
      packed[b + 8] = static_cast<unsigned char>((scale[b + 4] & 15) | (minimum[b + 4] & 15) << 4);
    }
    std::string block = half(d) + half(low) + std::string(reinterpret_cast<char*>(packed), 12);
    for (int pair = 0; pair < 4; ++pair) {
      for (int i = 0; i < 32; ++i) block += char(code[64 * pair + i] | code[64 * pair + 32 + i] << 4);
    }
    ASSERT_EQ(block.size(), block_of(GgufType::q4_k).bytes);
    std::vector<float> out(256);
    dequantize_gguf(GgufType::q4_k, std::as_bytes(std::span(block)).data(), 1, 256, out.data());
    for (int i = 0; i < 256; ++i) {
      EXPECT_FLOAT_EQ(out[std::size_t(i)], d * float(scale[i / 32]) * float(code[i]) - low * float(minimum[i / 32])) << i;
    }
  }
}

TEST(GgufBlocks, Q6KHasSixteenSignedScales) {
  std::mt19937 random(3);
  const float d = 0.5f;
  int scale[16], code[256];
  for (int& s : scale) s = int(random() % 256) - 128;
  for (int& c : code) c = int(random() % 64);
  std::string low(128, '\0'), high(64, '\0'), scales;
  for (const int s : scale) scales += char(s);
  for (int i = 0; i < 256; ++i) {
    const int in = i % 128, l = in % 32, run = in / 32;
    auto& nibble = low[std::size_t(64 * (i / 128) + 32 * (run % 2) + l)];
    nibble = char(nibble | (code[i] & 15) << (run < 2 ? 0 : 4));
    auto& top = high[std::size_t(32 * (i / 128) + l)];
    top = char(top | (code[i] >> 4) << (2 * run));
  }
  const std::string block = low + high + scales + half(d);
  ASSERT_EQ(block.size(), block_of(GgufType::q6_k).bytes);
  std::vector<float> out(256);
  dequantize_gguf(GgufType::q6_k, std::as_bytes(std::span(block)).data(), 1, 256, out.data());
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(out[std::size_t(i)], d * float(scale[i / 16]) * float(code[i] - 32)) << i;
  }
}

/// What our quantiser makes, in GGUF's interleaved blocks, reads back as the same numbers.
TEST(GgufBlocks, Q8AndQ4HoldTheSameNumbersAsOurs) {
  std::mt19937 random(4);
  std::vector<float> values(3 * 64);
  for (float& v : values) v = float(int(random() % 2001) - 1000) / 500.0f;
  for (const auto& [dtype, type] : {std::pair(graph::DType::q8_0, GgufType::q8_0), {graph::DType::q4_0, GgufType::q4_0}}) {
    const auto ours = quantize_blocks(values, 3, 64, dtype);
    std::string data;
    const std::size_t step = graph::block_bytes(dtype);
    for (std::size_t b = 0; b < ours.scale.size(); ++b) {
      data += GgufBytes::raw(ours.scale[b]) + std::string(reinterpret_cast<const char*>(ours.codes.data()) + b * step, step);
    }
    const test::TempFolder folder;
    test::put_file(folder / "m.gguf", GgufBytes().tensor("w", {3, 64}, type, data).bytes());
    const auto source = open_tensor_source(folder / "m.gguf");
    std::vector<float> back(values.size());
    source->read_rows("w", 0, 3, back.data());
    EXPECT_EQ(back, to_float(ours.view()));
    EXPECT_EQ(source->find("w")->nearest, dtype);
    // Numbers that a block type holds come back as the same codes: a GGUF file loses nothing on its way.
    EXPECT_EQ(to_float(quantize_blocks(back, 3, 64, dtype).view()), back);
  }
}

}  // namespace
}  // namespace lacuna::weights
