#include "tests/golden/released_model.h"

#include <cmath>

#include "fusion/models/mmada_family.h"
#include "fusion/models/model_registry.h"
#include "fusion/models/showo_family.h"
#include "runtime/backend_registry.h"
#include "runtime/generation/model_config.h"
#include "runtime/weights/json_file.h"
#include "tests/golden/fixtures.h"

namespace lacuna::golden {
namespace {

/// Null where the device does not compute in `precision`.
std::unique_ptr<graph::Executor> make(const runtime::ListedDevice& device, runtime::Precision precision) {
  runtime::BackendOptions options;
  options.precision = precision;
  options.threads = 2;
  try {
    return runtime::make_executor(device.id, options);
  } catch (const graph::DeviceError&) {
    return nullptr;
  }
}

}  // namespace

std::vector<Engine> float_engines() {
  std::vector<Engine> engines;
  for (const auto& device : runtime::list_devices().devices) {
    if (auto executor = make(device, runtime::Precision::f32)) {
      engines.push_back({device.id + " f32", true, std::move(executor)});
    }
  }
  return engines;
}

std::vector<Engine> bf16_engines() {
  std::vector<Engine> engines;
  for (const auto& device : runtime::list_devices().devices) {
    auto executor = make(device, runtime::Precision::bf16);
    if (!executor || runtime::precision_of(*executor) != "bf16") continue;
    engines.push_back({device.id + " bf16", false, std::move(executor)});
  }
  return engines;
}

ReleasedModel ReleasedModel::open(const std::string& name) {
  const auto folder = fixtures() / "models" / name;
  ReleasedModel model;
  model.name = name;
  model.config = generation::read_model_config(folder / "config.json");
  model.tokenizer = folder / "tokenizer.json";
  if (!std::filesystem::exists(model.tokenizer)) model.tokenizer = fixtures() / "tokenizer_bpe/tokenizer.json";
  model.names = fusion::token_names(weights::read_json_file(model.tokenizer), model.tokenizer);
  model.checkpoint = std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder));
  return model;
}

std::shared_ptr<const fusion::ModelFamily> ReleasedModel::family() const {
  return fusion::open_model_family(config, fixtures() / "models" / name / "config.json", &names);
}

std::shared_ptr<const fusion::ModelFamily> ReleasedModel::whole_family() const {
  auto usual = family();
  if (usual->tokens().text.size == usual->tokens().size) return usual;
  return usual->as_released();
}

std::shared_ptr<const fusion::ModelFamily> ReleasedModel::family(int text_length, int codes) const {
  const auto file = fixtures() / "models" / name / "config.json";
  const auto sized = [&](auto family) {
    family.text_length = text_length;
    family.grid_height = family.grid_width = int(std::lround(std::sqrt(double(codes))));
    return family;
  };
  if (fusion::model_type_of(config, file) == "showo") {
    return fusion::make_showo_family(sized(fusion::ShowoConfig::from_json(config, file, &names)));
  }
  return fusion::make_mmada_family(sized(fusion::MmadaConfig::from_json(config, file, &names)));
}

bool has_model(const std::string& name) {
  return std::filesystem::exists(fixtures() / "models" / name / "config.json");
}

}  // namespace lacuna::golden
