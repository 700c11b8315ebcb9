#include "runtime/generation/model_config.h"

#include <algorithm>

#include "runtime/weights/json_file.h"

namespace lacuna::generation {
namespace {

namespace fs = std::filesystem;

/// "microsoft/phi-1_5" beside the config, or the last part of the name alone; empty where neither is there.
fs::path backbone_file(const fs::path& named, const fs::path& folder) {
  for (const fs::path& place : {named, named.filename()}) {
    const bool inside = !place.empty() && place.is_relative() && place != "." && std::ranges::find(place, "..") == place.end();
    std::error_code error;
    if (inside && fs::is_regular_file(folder / place / "config.json", error)) return folder / place / "config.json";
  }
  return {};
}

}  // namespace

weights::Json read_model_config(const fs::path& file) {
  weights::Json config = weights::read_json_file(file);
  if (!config.is_object() || config.find("llm_config")) return config;
  const weights::Json* named = config.find("llm_model_path");
  if (!named || !named->is_string()) return config;
  const fs::path backbone = backbone_file(named->as_string(), file.parent_path());
  if (!backbone.empty()) config.set("llm_config", weights::read_json_file(backbone));
  return config;
}

}  // namespace lacuna::generation
