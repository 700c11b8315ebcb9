#include "runtime/preparation/prepare_state.h"

#include <algorithm>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/config_reader.h"
#include "runtime/weights/json_file.h"

namespace lacuna::preparation {
namespace {

using weights::ConfigReader;
using weights::Json;

constexpr std::string_view kFormat = "lacuna-prepare-state";
constexpr weights::JsonLimits kLimits = {
    .max_bytes = std::size_t{256} << 20, .max_depth = 32, .max_values = 16'000'000};

const Json::Array& array_field(ConfigReader& reader, const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  if (value == nullptr || !value->is_array()) reader.fail(key, "expected an array");
  reader.ignore({key});
  return value->as_array();
}

FinishedShard read_finished(const Json& json, const std::filesystem::path& path) {
  ConfigReader reader(json, path);
  FinishedShard out;
  for (const Json& bad : array_field(reader, json, "bad")) {
    ConfigReader fields(bad, path);
    BadPicture picture;
    picture.line = std::int32_t(fields.integer("line", 1, INT32_MAX));
    picture.file = fields.string("file");
    picture.reason = fields.string("reason");
    fields.finish();
    out.bad.push_back(std::move(picture));
  }
  reader.ignore({"shard"});
  reader.finish();
  if (const Json* shard = json.find("shard"); shard != nullptr && !shard->is_null()) {
    out.entry = training::shard_entry_from_json(*shard, path);
  }
  return out;
}

std::string shown(const Json* value) { return value == nullptr ? "nothing" : value->describe(); }

}  // namespace

std::optional<PrepareState> read_prepare_state(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / PrepareState::kFileName;
  if (!std::filesystem::exists(path)) return std::nullopt;
  const Json json = weights::read_json_file(path, kLimits);
  ConfigReader reader(json, path);
  reader.one_of("format", {kFormat});
  PrepareState out;
  for (const Json& shard : array_field(reader, json, "finished")) {
    out.finished.push_back(read_finished(shard, path));
  }
  reader.ignore({"settings"});
  reader.finish();
  const Json* settings = json.find("settings");
  if (settings == nullptr || !settings->is_object()) reader.fail("settings", "expected an object");
  out.settings = *settings;
  return out;
}

void write_prepare_state(const std::filesystem::path& folder, const PrepareState& state) {
  Json finished = Json::array();
  for (const FinishedShard& shard : state.finished) {
    Json bad = Json::array();
    for (const BadPicture& picture : shard.bad) {
      Json entry = Json::object();
      entry.set("line", picture.line).set("file", picture.file).set("reason", picture.reason);
      bad.push_back(std::move(entry));
    }
    Json entry = Json::object();
    entry.set("shard", shard.entry ? training::to_json(*shard.entry) : Json());
    entry.set("bad", std::move(bad));
    finished.push_back(std::move(entry));
  }
  Json out = Json::object();
  out.set("format", kFormat).set("settings", state.settings).set("finished", std::move(finished));
  weights::write_json_file(folder / PrepareState::kFileName, out);
}

std::string difference(const Json& there, const Json& now) {
  std::string out;
  const auto note = [&](const std::string& key, const Json* a, const Json* b) {
    if (!out.empty()) out += "; ";
    out += key + ": " + shown(a) + " there, " + shown(b) + " now";
  };
  if (!there.is_object()) return "settings are missing";
  for (const auto& member : now.as_object()) {
    const Json* other = there.find(member.key);
    if (other == nullptr || !(*other == member.value)) note(member.key, other, &member.value);
  }
  for (const auto& member : there.as_object()) {
    if (now.find(member.key) == nullptr) note(member.key, &member.value, nullptr);
  }
  return out;
}

}  // namespace lacuna::preparation
