#include "text/byte_tokenizer.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json.h"
#include "runtime/weights/json_file.h"
#include "tests/weights/temp_folder.h"
#include "text/tokenizer_factory.h"

namespace lacuna::text {
namespace {

using weights::Json;

Json pieces_of(std::initializer_list<const char*> pieces) {
  Json list = Json::array();
  for (const char* piece : pieces) list.push_back(piece);
  return list;
}

TEST(ByteTokenizer, BytesGoOutAsTheyCameIn) {
  const test::TempFolder folder;
  const auto path = folder.path() / "pieces.json";
  const Json table = Json::object()
                         .set("pieces", pieces_of({"<0x0A>", "<0xC3>", "<0xA9>", "<0x61>", "</s>"}))
                         .set("controls", Json::array().push_back(4));
  weights::write_json_file(path, table);
  const auto tokenizer = open_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->size(), 5);
  const std::string text = "a\xC3\xA9\na";
  const auto ids = tokenizer->encode(text);
  EXPECT_EQ(ids, (std::vector<std::int32_t>{3, 1, 2, 0, 3}));
  EXPECT_EQ(tokenizer->decode(ids), text);
  EXPECT_EQ(tokenizer->decode(std::vector<std::int32_t>{3, 4, 3}), "aa");
  EXPECT_EQ(tokenizer->decode(std::vector<std::int32_t>{1}), "\xEF\xBF\xBD");  // half a character
  EXPECT_THROW(tokenizer->encode("b"), std::invalid_argument);
  EXPECT_THROW(tokenizer->decode(std::vector<std::int32_t>{5}), std::invalid_argument);
}

TEST(ByteTokenizer, WhatIsNotSingleBytesIsRefused) {
  const test::TempFolder folder;
  const auto path = folder.path() / "pieces.json";
  const std::pair<Json, Json> tables[] = {{pieces_of({"<0x41>", "the"}), Json::array()},
                                          {pieces_of({"<0x41>", "<0x41>"}), Json::array()},
                                          {pieces_of({"<0x4>"}), Json::array()},
                                          {pieces_of({"<0x41>"}), Json::array().push_back(1)},
                                          {Json::array(), Json::array()}};
  for (const auto& [pieces, controls] : tables) {
    weights::write_json_file(path, Json::object().set("pieces", pieces).set("controls", controls));
    EXPECT_THROW(ByteTokenizer::open(path), weights::CheckpointError) << pieces.dump();
  }
}

}  // namespace
}  // namespace lacuna::text
