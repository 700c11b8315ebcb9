// Any bytes as JSON: either refused with JsonError or a value that survives writing and reading. A
// value is then read as a configuration with fields of every kind.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/config_reader.h"
#include "runtime/weights/json.h"

namespace {

using lacuna::weights::CheckpointError;
using lacuna::weights::ConfigReader;
using lacuna::weights::Json;

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Read>
void attempt(Read read) {
  try {
    read();
  } catch (const CheckpointError& error) {
    require(std::string_view(error.what()).starts_with("fuzz.json: "));
  }
}

void read_config(const Json& json) {
  attempt([&] {
    ConfigReader config(json, "fuzz.json");
    attempt([&] {
      const std::int64_t i = config.integer("i", -5, 1'000'000);
      require(i >= -5 && i <= 1'000'000);
    });
    attempt([&] {
      const double x = config.number_or("x", 0.5, -1, 1);
      require(x >= -1 && x <= 1);
    });
    attempt([&] { config.boolean("b"); });
    attempt([&] { config.string_or("s", ""); });
    attempt([&] { require(config.one_of("o", {"one", "two"}).size() == 3); });
    attempt([&] { require(config.strings("ss", 3).size() <= 3); });
    attempt([&] { require(config.integers("is", 0, 9, 3).size() <= 3); });
    attempt([&] { config.numbers("xs", 0, 1); });
    attempt([&] {
      if (auto section = config.section_if("sub")) section->finish();
    });
    config.finish();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Json json;
  try {
    json = Json::parse(text);
  } catch (const lacuna::weights::JsonError& error) {
    require(error.byte_offset() <= size);
    return 0;
  }
  for (const int indent : {-1, 2}) {
    const std::string written = json.dump(indent);
    lacuna::weights::JsonLimits limits;
    limits.max_bytes = written.size();
    require(Json::parse(written, limits) == json);
  }
  read_config(json);
  return 0;
}
