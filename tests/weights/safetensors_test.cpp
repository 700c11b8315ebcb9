#include "runtime/weights/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/safetensors_dtype.h"
#include "runtime/weights/safetensors_writer.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

std::string file_of(std::string_view header, std::size_t data_bytes) {
  std::string file(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(header.size() >> (8 * i));
  file += header;
  for (std::size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i);
  return file;
}

SafetensorsHeader parse(std::string_view file, const SafetensorsLimits& limits = {}) {
  return parse_safetensors(std::as_bytes(std::span(file)), "w.safetensors", limits);
}

/// The complaint about a file with this header, "" when it is accepted.
std::string why(std::string_view header, std::size_t data_bytes,
                const SafetensorsLimits& limits = {}) {
  return test::message_of<CheckpointError>([&] { parse(file_of(header, data_bytes), limits); });
}

testing::AssertionResult refused(std::string_view header, std::size_t data_bytes,
                                 std::string_view because) {
  const std::string message = why(header, data_bytes);
  if (message.find(because) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << header << "\nexpected a complaint with '" << because << "', got '" << message << "'";
}

TEST(Safetensors, ReadsEntriesInTheOrderOfTheirData) {
  const std::string header = R"({"__metadata__":{"format":"pt","x":""},)"
                             R"("b":{"dtype":"F32","shape":[2,3],"data_offsets":[2,26]},)"
                             R"("a":{"shape":[1],"data_offsets":[0,2],"dtype":"BF16"},)"
                             R"("s":{"dtype":"I64","shape":[],"data_offsets":[26,34]},)"
                             R"("e":{"dtype":"F64","shape":[4,0],"data_offsets":[26,26]}}  )";
  const SafetensorsHeader parsed = parse(file_of(header, 34));
  ASSERT_EQ(parsed.entries.size(), 4u);
  EXPECT_EQ(parsed.entries[0].name, "a");
  EXPECT_EQ(parsed.entries[1].name, "b");
  EXPECT_EQ(parsed.entries[2].name, "e");
  EXPECT_EQ(parsed.entries[3].name, "s");
  EXPECT_EQ(parsed.entries[1].shape, (graph::Shape{2, 3}));
  EXPECT_EQ(parsed.entries[1].offset, 8 + header.size() + 2);
  EXPECT_EQ(parsed.entries[1].size, 24u);
  EXPECT_EQ(parsed.entries[3].shape.rank(), 0);
  EXPECT_EQ(parsed.metadata, (Metadata{{"format", "pt"}, {"x", ""}}));
}

TEST(Safetensors, ReadsAFileWithoutTensors) {
  EXPECT_TRUE(parse(file_of("{}", 0)).entries.empty());
  EXPECT_TRUE(refused("{}", 1, "end of the file"));
}

TEST(Safetensors, KnowsItsTenDTypes) {
  for (const SafetensorsDType& row : kSafetensorsDTypes) {
    const std::size_t bytes = 3 * graph::size_of(row.dtype);
    const std::string header = R"({"t":{"dtype":")" + std::string(row.name) +
                               R"(","shape":[3],"data_offsets":[0,)" + std::to_string(bytes) +
                               "]}}";
    EXPECT_EQ(parse(file_of(header, bytes)).entries.at(0).dtype, row.dtype) << row.name;
  }
  for (const char* name : {"F8_E4M3", "f32", "", "F4", "C64", "U64"}) {
    const std::string header =
        R"({"t":{"dtype":")" + std::string(name) + R"(","shape":[1],"data_offsets":[0,1]}})";
    EXPECT_TRUE(refused(header, 1, "dtype: expected one of")) << name;
  }
}

TEST(Safetensors, RefusesABadLength) {
  EXPECT_NE(test::message_of<CheckpointError>([] { parse(""); }), "");
  EXPECT_NE(test::message_of<CheckpointError>([] { parse("1234567"); }), "");
  EXPECT_TRUE(refused("", 0, "starts with '{'"));
  const std::string good = file_of(R"({"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2);
  ASSERT_NO_THROW(parse(good));
  for (const std::uint64_t length :
       {std::uint64_t{0}, good.size() - 8 + 1, good.size(), std::uint64_t{16} << 20,
        (std::uint64_t{16} << 20) + 1, ~std::uint64_t{0}, ~std::uint64_t{0} - 7,
        std::uint64_t{1} << 63, std::uint64_t{0xFFFFFFFF}}) {
    std::string file = good;
    std::memcpy(file.data(), &length, 8);
    EXPECT_THROW(parse(file), CheckpointError) << length;
  }
}

TEST(Safetensors, RefusesEveryTruncationAndEveryExtension) {
  const std::string good = file_of(
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
      6);
  ASSERT_NO_THROW(parse(good));
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_THROW(parse(good.substr(0, n)), CheckpointError) << n;
  }
  EXPECT_THROW(parse(good + '\0'), CheckpointError);
}

TEST(Safetensors, RefusesBrokenHeaders) {
  EXPECT_TRUE(refused(" {}", 0, "starts with '{'"));
  EXPECT_TRUE(refused("[]", 0, "starts with '{'"));
  EXPECT_TRUE(refused("{", 0, "broken header"));
  EXPECT_TRUE(refused("{}{}", 0, "broken header"));
  EXPECT_TRUE(refused(std::string_view("{}\0", 3), 0, "broken header"));
  EXPECT_TRUE(refused("{\"\xff\":1}", 0, "expected UTF-8"));
  const std::string entry = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_TRUE(refused("{\"t\":" + entry + ",\"t\":" + entry + "}", 0, "\"t\" occurs twice"));
  EXPECT_TRUE(refused(R"({"t":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}})", 0,
                      "\"dtype\" occurs twice"));
  EXPECT_TRUE(refused(R"({"__metadata__":{"a":"1","a":"2"}})", 0, "\"a\" occurs twice"));
  EXPECT_TRUE(refused(R"({"__metadata__":{"a":1}})", 0, "expected a string, got 1"));
  EXPECT_TRUE(refused(R"({"__metadata__":{"a":{}}})", 0, "expected a string, got an object"));
  EXPECT_TRUE(refused(R"({"__metadata__":[]})", 0, "expected an object"));
  EXPECT_TRUE(refused(R"({"t":1})", 0, "expected an object"));
  EXPECT_TRUE(refused(R"({"t":{"dtype":"U8","shape":[0]}})", 0, "expected the keys"));
  EXPECT_TRUE(refused(R"({"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":0}})", 0,
                      "unknown key \"x\""));
}

TEST(Safetensors, RefusesBadShapes) {
  const auto with_shape = [](std::string_view shape, std::string_view end) {
    return R"({"t":{"dtype":"F32","shape":)" + std::string(shape) + R"(,"data_offsets":[0,)" +
           std::string(end) + "]}}";
  };
  EXPECT_EQ(why(with_shape("[1,1,1,1,1,1,1,1]", "4"), 4), "");
  EXPECT_TRUE(refused(with_shape("[1,1,1,1,1,1,1,1,1]", "4"), 4, "at most 8"));
  for (const char* shape : {"[-1]", "[1.0]", "[1e0]", "[-0]", "[\"1\"]", "[null]", "[[1]]", "1",
                            "[18446744073709551617]", "{}"}) {
    EXPECT_TRUE(refused(with_shape(shape, "4"), 4, "shape: expected")) << shape;
  }
  // Products that wrap to a small number: 2^62 * 4 bytes, 2^32 * 2^32 and (2^31)^3.
  EXPECT_TRUE(refused(with_shape("[4611686018427387904]", "0"), 0, "2^63"));
  EXPECT_TRUE(refused(with_shape("[4294967296,4294967296]", "0"), 0, "2^63"));
  EXPECT_TRUE(refused(with_shape("[2147483648,2147483648,2147483648]", "0"), 0, "2^63"));
  EXPECT_TRUE(refused(with_shape("[9223372036854775807,0,9223372036854775807]", "0"), 0, "2^63"));
}

TEST(Safetensors, RefusesBadRanges) {
  const auto with_range = [](std::string_view range) {
    return R"({"t":{"dtype":"U8","shape":[4],"data_offsets":)" + std::string(range) + "}}";
  };
  EXPECT_EQ(why(with_range("[0,4]"), 4), "");
  for (const char* range : {"[4,0]", "[-4,0]", "[0,-1]", "[0.0,4]", "[0]", "[0,4,4]", "4", "null",
                            "[0,\"4\"]", "[0,99999999999999999999]"}) {
    EXPECT_TRUE(refused(with_range(range), 4, "data_offsets: expected")) << range;
  }
  EXPECT_TRUE(refused(with_range("[0,5]"), 4, "truncated"));
  EXPECT_TRUE(refused(with_range("[0,9223372036854775807]"), 4, "truncated"));
  EXPECT_TRUE(refused(with_range("[0,3]"), 3, "needs 4 bytes, data_offsets span 3"));
  EXPECT_TRUE(refused(with_range("[0,5]"), 5, "needs 4 bytes, data_offsets span 5"));
}

TEST(Safetensors, RefusesHolesOverlapsAndTrailingBytes) {
  const auto two = [](int a0, int a1, int b0, int b1) {
    const auto entry = [](int begin, int end) {
      return R"({"dtype":"U8","shape":[)" + std::to_string(end - begin) + R"(],"data_offsets":[)" +
             std::to_string(begin) + "," + std::to_string(end) + "]}";
    };
    return "{\"a\":" + entry(a0, a1) + ",\"b\":" + entry(b0, b1) + "}";
  };
  EXPECT_EQ(why(two(0, 4, 4, 8), 8), "");
  EXPECT_EQ(why(two(4, 8, 0, 4), 8), "");
  EXPECT_EQ(why(two(0, 0, 0, 8), 8), "");
  EXPECT_TRUE(refused(two(1, 4, 4, 8), 8, "leaves a hole"));
  EXPECT_TRUE(refused(two(0, 4, 5, 8), 8, "leaves a hole"));
  EXPECT_TRUE(refused(two(0, 4, 3, 8), 8, "overlaps"));
  EXPECT_TRUE(refused(two(0, 8, 0, 8), 8, "overlaps"));
  EXPECT_TRUE(refused(two(0, 8, 2, 4), 8, "overlaps"));
  EXPECT_TRUE(refused(two(0, 8, 4, 4), 8, "overlaps"));
  EXPECT_TRUE(refused(two(0, 4, 4, 8), 9, "1 more bytes"));
}

TEST(Safetensors, RefusesBadNamesAndTooManyTensors) {
  const auto named = [](const std::string& name) {
    return "{\"" + name + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})";
  };
  EXPECT_EQ(why(named(std::string(512, 'n')), 0), "");
  EXPECT_EQ(why(named("gr\xC3\xB6\xC3\x9F"
                      "e.weight"),
                0),
            "");
  EXPECT_TRUE(refused(named(std::string(513, 'n')), 0, "1 to 512 bytes"));
  EXPECT_TRUE(refused(named(""), 0, "1 to 512 bytes"));
  EXPECT_TRUE(refused(named("a\\nb"), 0, "control characters"));
  EXPECT_TRUE(refused(named("a\\u0000b"), 0, "control characters"));
  std::string many = "{";
  for (int i = 0; i < 4; ++i) {
    many += (i > 0 ? ",\"t" : "\"t") + std::to_string(i) +
            R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  many += "}";
  EXPECT_EQ(why(many, 0, {.max_tensors = 4}), "");
  EXPECT_NE(why(many, 0, {.max_tensors = 3}), "");
  EXPECT_NE(why(many, 0, {.max_header_bytes = many.size() - 1}), "");
}

TEST(Safetensors, NeverCrashesOnDamage) {
  const std::string good = file_of(
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
      6);
  std::mt19937_64 random(11);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string file = good;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      file[random() % file.size()] = static_cast<char>(random());
    }
    try {
      parse(file);
      ++accepted;
    } catch (const CheckpointError&) {
    }
  }
  EXPECT_LT(accepted, 20'000);
}

TEST(Safetensors, ErrorsNameFileByteAndTensor) {
  try {
    parse(file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4));
    FAIL();
  } catch (const CheckpointError& error) {
    EXPECT_EQ(error.path(), "w.safetensors");
    EXPECT_EQ(error.byte_offset(), 8u + 54u);
    EXPECT_EQ(std::string(error.what()),
              "w.safetensors: byte 62: tensor \"w\": F32[2] needs 8 bytes, data_offsets span 4");
  }
}

TEST(SafetensorsWriter, WritesWhatTheReaderReads) {
  const test::TempFolder folder;
  std::mt19937_64 random(3);
  for (int round = 0; round < 30; ++round) {
    std::vector<TensorSpec> specs;
    std::vector<std::string> data;
    const auto count = random() % 6;
    for (std::size_t i = 0; i < count; ++i) {
      const auto dtype = kSafetensorsDTypes[random() % kSafetensorsDTypes.size()].dtype;
      std::vector<std::int64_t> sizes(random() % 4);
      for (auto& size : sizes) size = static_cast<std::int64_t>(random() % 5);
      specs.push_back({"t" + std::to_string(i), dtype, graph::Shape(sizes)});
      std::string bytes(checked_nbytes(dtype, sizes), '\0');
      for (char& c : bytes) c = static_cast<char>(random());
      data.push_back(bytes);
    }
    const fs::path path = folder / "w.safetensors";
    SafetensorsWriter writer(path, specs, {{"seed", "3"}});
    for (const std::string& bytes : data) {  // in two pieces each
      const auto all = std::as_bytes(std::span(bytes));
      writer.write(all.first(all.size() / 3));
      writer.write(all.subspan(all.size() / 3));
    }
    writer.finish();
    const SafetensorsFile file(path);
    ASSERT_EQ(file.header().entries.size(), specs.size());
    EXPECT_EQ(file.header().metadata, (Metadata{{"seed", "3"}}));
    for (const SafetensorsEntry& entry : file.header().entries) {
      const std::size_t i = std::stoul(entry.name.substr(1));
      EXPECT_EQ(entry.dtype, specs[i].dtype);
      EXPECT_EQ(entry.shape, specs[i].shape);
      const auto bytes = file.bytes(entry);
      EXPECT_TRUE(std::ranges::equal(bytes, std::as_bytes(std::span(data[i]))));
    }
    const std::string content = test::get_file(path);
    EXPECT_EQ(static_cast<unsigned char>(content[0]) % 8, 0) << "the header is padded";
  }
}

TEST(SafetensorsWriter, RefusesWhatTheReaderWould) {
  const test::TempFolder folder;
  const auto write = [&](std::vector<TensorSpec> specs) {
    SafetensorsWriter(folder / "w.safetensors", std::move(specs));
  };
  const graph::Shape shape = {1};
  const auto f32 = graph::DType::f32;
  EXPECT_THROW(write({{"", f32, shape}}), std::invalid_argument);
  EXPECT_THROW(write({{"a\n", f32, shape}}), std::invalid_argument);
  EXPECT_THROW(write({{"\xff", f32, shape}}), std::invalid_argument);
  EXPECT_THROW(write({{"__metadata__", f32, shape}}), std::invalid_argument);
  EXPECT_THROW(write({{std::string(513, 'n'), f32, shape}}), std::invalid_argument);
  EXPECT_THROW(write({{"a", f32, shape}, {"b", f32, shape}, {"a", f32, shape}}),
               std::invalid_argument);
  EXPECT_EQ(test::files_in(folder.path()), 0u);
}

TEST(SafetensorsWriter, ChecksTheAmountOfData) {
  const test::TempFolder folder;
  const std::vector<std::byte> bytes(16);
  SafetensorsWriter writer(folder / "w.safetensors",
                           {{"a", graph::DType::f32, {2}}, {"b", graph::DType::u8, {3}}});
  EXPECT_THROW(writer.write(std::span(bytes).first(9)), std::invalid_argument);
  writer.write(std::span(bytes).first(8));
  EXPECT_THROW(writer.write(std::span(bytes).first(4)), std::invalid_argument);
  writer.write(std::span(bytes).first(2));
  EXPECT_THROW(writer.finish(), std::invalid_argument);
  writer.write(std::span(bytes).first(1));
  EXPECT_THROW(writer.write(std::span(bytes).first(1)), std::invalid_argument);
  writer.finish();
  EXPECT_EQ(SafetensorsFile(folder / "w.safetensors").header().entries.size(), 2u);
}

TEST(SafetensorsFile, MissingFilesAreIoErrors) {
  EXPECT_THROW(SafetensorsFile("/nonexistent.safetensors"), IoError);
  EXPECT_THROW(SafetensorsFile("/dev/zero"), IoError);
}

TEST(CheckedNbytes, MultipliesOrThrows) {
  const auto bytes = [](graph::DType dtype, std::vector<std::int64_t> sizes) {
    return checked_nbytes(dtype, sizes);
  };
  EXPECT_EQ(bytes(graph::DType::f32, {}), 4u);
  EXPECT_EQ(bytes(graph::DType::bf16, {3, 5}), 30u);
  EXPECT_EQ(bytes(graph::DType::f64, {3, 0, 5}), 0u);
  EXPECT_EQ(bytes(graph::DType::u8, {std::int64_t{1} << 62}), std::uint64_t{1} << 62);
  EXPECT_THROW(bytes(graph::DType::i16, {std::int64_t{1} << 62}), std::invalid_argument);
  EXPECT_THROW(bytes(graph::DType::u8, {-1}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::weights
