#include "runtime/weights/config_reader.h"

#include <gtest/gtest.h>

#include <functional>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json_file.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

std::string complaint(std::string_view text, const std::function<void(ConfigReader&)>& read) {
  const Json json = Json::parse(text);
  return test::message_of<CheckpointError>([&] {
    ConfigReader config(json, "config.json");
    read(config);
  });
}

TEST(ConfigReader, ReadsFieldsInRange) {
  const Json json = Json::parse(R"({"i":5,"n":2,"x":0.5,"b":true,"s":"t","o":"two",
    "ss":["a","b"],"is":[1,2,3],"xs":[1,0.5],"sub":{"i":7},"nil":null})");
  ConfigReader config(json, "config.json");
  EXPECT_EQ(config.integer("i", 5, 5), 5);
  EXPECT_EQ(config.number("n", 0, 2), 2.0);
  EXPECT_EQ(config.number("x", 0, 1), 0.5);
  EXPECT_TRUE(config.boolean("b"));
  EXPECT_EQ(config.string("s"), "t");
  EXPECT_EQ(config.one_of("o", {"one", "two"}), "two");
  EXPECT_EQ(config.strings("ss"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.integers("is", 1, 3), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(config.numbers("xs", 0, 1), (std::vector<double>{1, 0.5}));
  ConfigReader sub = config.section("sub");
  EXPECT_EQ(sub.integer("i", 0, 10), 7);
  sub.finish();
  EXPECT_EQ(config.integer_or("nil", 9, 0, 1), 9);
  config.finish();
}

TEST(ConfigReader, DefaultsHoldOnlyForAbsentFields) {
  const Json json = Json::parse(R"({"i":"x"})");
  ConfigReader config(json, "config.json");
  EXPECT_EQ(config.integer_or("absent", -3, 0, 1), -3);
  EXPECT_EQ(config.number_or("absent2", 0.5, 1, 2), 0.5);
  EXPECT_TRUE(config.boolean_or("absent3", true));
  EXPECT_EQ(config.string_or("absent4", "d"), "d");
  EXPECT_EQ(config.one_of_or("absent5", "d", {"a"}), "d");
  EXPECT_FALSE(config.section_if("absent6").has_value());
  EXPECT_FALSE(config.has("absent"));
  EXPECT_TRUE(config.has("i"));
  EXPECT_THROW(config.integer_or("i", 1, 0, 5), CheckpointError);
}

TEST(ConfigReader, ComplaintsNameFileFieldExpectedAndFound) {
  EXPECT_EQ(complaint(R"({"hidden_size":"abc"})",
                      [](ConfigReader& c) { c.integer("hidden_size", 1, 65536); }),
            "config.json: field \"hidden_size\": expected an integer in [1, 65536], got \"abc\"");
  EXPECT_EQ(complaint("{}", [](ConfigReader& c) { c.integer("hidden_size", 1, 2); }),
            "config.json: field \"hidden_size\": expected an integer in [1, 2], got nothing");
  EXPECT_EQ(
      complaint(R"({"a":{"b":-1}})", [](ConfigReader& c) { c.section("a").number("b", 0, 1); }),
      "config.json: field \"a.b\": expected a number in [0.0, 1.0], got -1");
  EXPECT_EQ(complaint(R"({"o":"x"})",
                      [](ConfigReader& c) {
                        c.one_of("o", {"p", "q"});
                      }),
            "config.json: field \"o\": expected one of \"p\", \"q\", got \"x\"");
  EXPECT_EQ(complaint("[]", [](ConfigReader&) {}),
            "config.json: expected an object, got an array of 0");
}

TEST(ConfigReader, RefusesWrongTypesAndRanges) {
  const auto refused = [](std::string_view text, const std::function<void(ConfigReader&)>& read) {
    return !complaint(text, read).empty();
  };
  EXPECT_TRUE(refused(R"({"i":0})", [](ConfigReader& c) { c.integer("i", 1, 2); }));
  EXPECT_TRUE(refused(R"({"i":3})", [](ConfigReader& c) { c.integer("i", 1, 2); }));
  EXPECT_TRUE(refused(R"({"i":1.0})", [](ConfigReader& c) { c.integer("i", 1, 2); }));
  EXPECT_TRUE(refused(R"({"i":true})", [](ConfigReader& c) { c.integer("i", 0, 2); }));
  EXPECT_TRUE(refused(R"({"i":1e30})", [](ConfigReader& c) { c.number("i", 0, 2); }));
  EXPECT_TRUE(refused(R"({"i":"1"})", [](ConfigReader& c) { c.number("i", 0, 2); }));
  EXPECT_TRUE(refused(R"({"i":1})", [](ConfigReader& c) { c.boolean("i"); }));
  EXPECT_TRUE(refused(R"({"i":1})", [](ConfigReader& c) { c.string("i"); }));
  EXPECT_TRUE(refused(R"({"i":["a",1]})", [](ConfigReader& c) { c.strings("i"); }));
  EXPECT_TRUE(refused(R"({"i":["a","b"]})", [](ConfigReader& c) { c.strings("i", 1); }));
  EXPECT_TRUE(refused(R"({"i":[1,9]})", [](ConfigReader& c) { c.integers("i", 0, 8); }));
  EXPECT_TRUE(refused(R"({"i":[0.5,9]})", [](ConfigReader& c) { c.numbers("i", 0, 8); }));
  EXPECT_TRUE(refused(R"({"i":1})", [](ConfigReader& c) { c.section("i"); }));
}

TEST(ConfigReader, UnknownFieldsAreErrorsThatListTheKnownOnes) {
  const std::string message = complaint(R"({"width":1,"heigth":2,"torch":3})", [](ConfigReader& c) {
    c.integer("width", 0, 9);
    c.integer_or("height", 1, 0, 9);
    c.ignore({"torch"});
    c.finish();
  });
  EXPECT_EQ(message,
            "config.json: field \"heigth\": unknown field; known are: height, torch, width");
}

TEST(JsonFile, BrokenFilesNamePathAndByte) {
  const test::TempFolder folder;
  test::put_file(folder / "config.json", "{\"a\":1,}");
  try {
    read_json_file(folder / "config.json");
    FAIL();
  } catch (const CheckpointError& error) {
    EXPECT_EQ(error.byte_offset(), 7u);
    EXPECT_EQ(error.path(), folder / "config.json");
  }
}

TEST(JsonFile, ReadsWhatItWrites) {
  const test::TempFolder folder;
  const Json json = Json::parse("{\"a\":[1,2.5],\"b\":\"\xC3\xA9\"}");
  write_json_file(folder / "x.json", json);
  EXPECT_EQ(read_json_file(folder / "x.json"), json);
  EXPECT_EQ(test::get_file(folder / "x.json").back(), '\n');
}

}  // namespace
}  // namespace lacuna::weights
