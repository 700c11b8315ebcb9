#include "fusion/models/model_registry.h"

#include <array>
#include <string>

#include "fusion/models/dream_family.h"
#include "fusion/models/lacuna_family.h"
#include "fusion/models/llada_family.h"
#include "fusion/models/lumina_family.h"
#include "fusion/models/mdlm_family.h"
#include "fusion/models/mmada_family.h"
#include "fusion/models/sedd_family.h"
#include "fusion/models/showo_family.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/config_reader.h"

namespace lacuna::fusion {
namespace {

using Open = std::unique_ptr<ModelFamily> (*)(const weights::Json&, const std::filesystem::path&, const TokenNames*);

struct Entry {
  std::string_view model_type;
  Open open;
};

/// One row for each family.
constexpr std::array kFamilies{
    Entry{"lacuna",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames*) {
            return make_lacuna_family(LacunaConfig::from_json(json, file));
          }},
    Entry{"llada",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            // The release of Lumina-DiMOO has the same model_type.
            if (is_lumina(json, names)) return make_lumina_family(LuminaConfig::from_json(json, file, names));
            return make_llada_family(LladaConfig::from_json(json, file, names));
          }},
    Entry{"lumina_dimoo",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            return make_lumina_family(LuminaConfig::from_json(json, file, names));
          }},
    Entry{"mmada",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            return make_mmada_family(MmadaConfig::from_json(json, file, names));
          }},
    Entry{"Dream",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            return make_dream_family(DreamConfig::from_json(json, file, names));
          }},
    Entry{"showo",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            return make_showo_family(ShowoConfig::from_json(json, file, names));
          }},
    Entry{"mdlm",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            return make_mdlm_family(mdlm_config(json, file, names));
          }},
    Entry{"bd3lm",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            return make_mdlm_family(mdlm_config(json, file, names));
          }},
    Entry{"sedd",
          [](const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
            return make_sedd_family(sedd_config(json, file, names));
          }},
};

}  // namespace

std::string model_type_of(const weights::Json& config, const std::filesystem::path& file) {
  weights::ConfigReader reader(config, file);
  // Diffusers' configs say the class alone.
  if (!reader.has("model_type") && reader.string_or("_class_name", "") == "Showo") return "showo";
  if (!reader.has("model_type") && reader.has("tokens") && reader.has("graph") && reader.has("model")) return "sedd";
  return reader.string("model_type");
}

std::unique_ptr<ModelFamily> open_model_family(const weights::Json& config, const std::filesystem::path& file,
                                               const TokenNames* names) {
  weights::ConfigReader reader(config, file);
  const std::string type = model_type_of(config, file);
  std::string known;
  for (const Entry& entry : kFamilies) {
    if (entry.model_type == type) return entry.open(config, file, names);
    known += (known.empty() ? "" : ", ") + std::string(entry.model_type);
  }
  reader.fail("model_type", "expected one of: " + known + "; got \"" + type + "\"");
}

}  // namespace lacuna::fusion
