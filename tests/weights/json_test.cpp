#include "runtime/weights/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

std::string why(std::string_view text, const JsonLimits& limits = {}) {
  return test::message_of<JsonError>([&] { Json::parse(text, limits); });
}

TEST(Json, ReadsEveryKindOfValue) {
  const Json json = Json::parse(
      " {\"a\": [null, true, false, -12, 1.5e3, \"x\\n\\u00e9\\ud83d\\ude00\\/\"],"
      "\t\"b\":{},\r\n\"c\":[]} ");
  const Json::Array& a = json.at("a").as_array();
  ASSERT_EQ(a.size(), 6u);
  EXPECT_TRUE(a[0].is_null());
  EXPECT_TRUE(a[1].as_boolean());
  EXPECT_FALSE(a[2].as_boolean());
  EXPECT_EQ(a[3].as_integer(), -12);
  EXPECT_EQ(a[4].as_number(), 1500.0);
  EXPECT_FALSE(a[4].is_integer());
  EXPECT_EQ(a[5].as_string(), "x\n\xC3\xA9\xF0\x9F\x98\x80/");
  EXPECT_EQ(json.at("b").size(), 0u);
  EXPECT_EQ(json.at("c").size(), 0u);
}

TEST(Json, KeepsTheOrderOfMembers) {
  const Json json = Json::parse(R"({"z":1,"a":2,"m":3})");
  EXPECT_EQ(json.dump(), R"({"z":1,"a":2,"m":3})");
}

TEST(Json, KeepsIntegersOf64BitsAndMakesLongerOnesDoubles) {
  EXPECT_EQ(Json::parse("9223372036854775807").as_integer(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Json::parse("-9223372036854775808").as_integer(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(Json::parse("9223372036854775808").is_integer());
  EXPECT_EQ(Json::parse("9223372036854775808").as_number(), 9223372036854775808.0);
  EXPECT_TRUE(std::signbit(Json::parse("-0").as_number()));
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "\"",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,}",
                           "[1,]",
                           "[1 2]",
                           "{a:1}",
                           "{'a':1}",
                           "tru",
                           "nul",
                           "True",
                           "NaN",
                           "Infinity",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x10",
                           "1_0",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\t\"",
                           "1 2",
                           "{} {}",
                           "{}x",
                           "[1]]",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\xEF\xBB\xBF{}",
                           "/*c*/1",
                           "1e400",
                           "-1e400",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "[\"\xf4\x90\x80\x80\"]"}) {
    EXPECT_NE(why(text), "") << text;
  }
  EXPECT_NE(why(std::string_view("\0", 1)), "");
  EXPECT_NE(why(std::string_view("1\0", 2)), "");
  EXPECT_NE(why(std::string_view("\"\0\"", 3)), "");
}

TEST(Json, RefusesEveryProperPrefixOfAnObject) {
  const std::string text = R"({"a":[1,-2.5e-3,{"b":"\u00e9\\"}],"c":null,"d":true})";
  ASSERT_EQ(why(text), "");
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_NE(why(text.substr(0, n)), "") << n;
}

TEST(Json, RefusesDuplicateKeysAtAnyDepthAndNamesThem) {
  const std::string message = why("{\"x\":[{\"first\":1,\"k\":2,\n\"first\":3}]}");
  EXPECT_NE(message.find("\"first\" occurs twice"), std::string::npos) << message;
  EXPECT_NE(message.find("line 2, column 1"), std::string::npos) << message;
  EXPECT_NE(why(R"({"a":1,"\u0061":2})"), "") << "the same key in another spelling";
}

TEST(Json, ErrorsCarryTheByte) {
  try {
    Json::parse("{\"a\": [1, 2, ?]}");
    FAIL();
  } catch (const JsonError& error) {
    EXPECT_EQ(error.byte_offset(), 13u);
    EXPECT_NE(std::string(error.what()).find("expected a value"), std::string::npos);
  }
}

TEST(Json, LimitsHold) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(why(nested(64)), "");
  EXPECT_NE(why(nested(65)), "");
  EXPECT_NE(why(nested(200'000)), "");
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_NE(why(objects), "");
  EXPECT_EQ(why("[1,2,3]", {.max_values = 4}), "");
  EXPECT_NE(why("[1,2,3,4]", {.max_values = 4}), "");
  EXPECT_EQ(why("[1]", {.max_bytes = 3}), "");
  EXPECT_NE(why("[1] ", {.max_bytes = 3}), "");
  EXPECT_THROW(Json::parse("1", {.max_depth = 0}), std::invalid_argument);
  EXPECT_THROW(Json::parse("1", {.max_depth = 100'000}), std::invalid_argument);
}

Json random_json(std::mt19937_64& random, int depth) {
  const auto text = [&] {
    std::string out;
    const char* pieces[] = {"a", "\"", "\\", "\n", "\x01", "\xC3\xA9", "\xF0\x9F\x98\x80", "/", ""};
    for (auto n = random() % 6; n > 0; --n) out += pieces[random() % std::size(pieces)];
    return out;
  };
  switch (random() % (depth > 0 ? 7 : 5)) {
    case 0:
      return {};
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>(random()) >> (random() % 64);
    case 3: {
      const auto value = std::bit_cast<double>(random());
      return std::isfinite(value) ? value : 0.25;
    }
    case 4:
      return text();
    case 5: {
      Json array = Json::array();
      for (auto n = random() % 4; n > 0; --n) array.push_back(random_json(random, depth - 1));
      return array;
    }
    default: {
      Json object = Json::object();
      for (auto n = random() % 4; n > 0; --n) object.set(text(), random_json(random, depth - 1));
      return object;
    }
  }
}

TEST(Json, ReadsBackWhatItWrites) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    const Json json = random_json(random, 5);
    for (const int indent : {-1, 0, 2}) {
      const std::string text = json.dump(indent);
      EXPECT_EQ(Json::parse(text), json) << text;
      EXPECT_EQ(Json::parse(text).dump(indent), text);
    }
  }
}

TEST(Json, DoublesStayDoublesAndExact) {
  for (const double value : {0.1, -0.0, 1.0, 1e300, 5e-324, 1.7976931348623157e308, 123456789.0}) {
    const Json back = Json::parse(Json(value).dump());
    EXPECT_FALSE(back.is_integer()) << Json(value).dump();
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back.as_number()), std::bit_cast<std::uint64_t>(value));
  }
}

TEST(Json, NeverWritesWhatIsNotJson) {
  EXPECT_THROW(Json(std::nan("")).dump(), std::invalid_argument);
  EXPECT_THROW(Json(-INFINITY).dump(), std::invalid_argument);
  EXPECT_THROW(Json("\xff").dump(), std::invalid_argument);
  EXPECT_THROW(Json(~std::uint64_t{0}), std::invalid_argument);
}

TEST(Json, IndentsReadably) {
  const Json json = Json::parse(R"({"a":[1,2],"b":{},"c":[]})");
  EXPECT_EQ(json.dump(2), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}");
}

TEST(Json, AccessorsNameBothTypes) {
  const std::string message =
      test::message_of<std::invalid_argument>([] { Json("x").as_integer(); });
  EXPECT_NE(message.find("expected an integer, got a string"), std::string::npos) << message;
  EXPECT_THROW(Json(1).at("k"), std::invalid_argument);
  EXPECT_THROW(Json::object().at("k"), std::invalid_argument);
  EXPECT_THROW(Json(1.5).as_integer(), std::invalid_argument);
  EXPECT_EQ(Json(3).as_number(), 3.0);
}

TEST(Json, SetReplacesAndKeepsThePlace) {
  Json json;
  json.set("a", 1).set("b", 2).set("a", "x");
  EXPECT_EQ(json.dump(), R"({"a":"x","b":2})");
}

}  // namespace
}  // namespace lacuna::weights
