#include "tests/golden/released_model.h"

#include <cmath>

#include "fusion/models/mmada_family.h"
#include "fusion/models/model_registry.h"
#include "runtime/backend_registry.h"
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
  model.config = weights::read_json_file(folder / "config.json");
  const auto tokenizer = folder / "tokenizer.json";
  model.names = fusion::token_names(weights::read_json_file(tokenizer), tokenizer);
  model.checkpoint = std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder));
  return model;
}

std::shared_ptr<const fusion::ModelFamily> ReleasedModel::family() const {
  return fusion::open_model_family(config, fixtures() / "models" / name / "config.json", &names);
}

std::shared_ptr<const fusion::ModelFamily> ReleasedModel::family(int text_length, int codes) const {
  auto mmada = fusion::MmadaConfig::from_json(config, name, &names);
  mmada.text_length = text_length;
  mmada.grid_height = mmada.grid_width = int(std::lround(std::sqrt(double(codes))));
  return fusion::make_mmada_family(mmada);
}

bool has_model(const std::string& name) {
  return std::filesystem::exists(fixtures() / "models" / name / "config.json");
}

}  // namespace lacuna::golden
