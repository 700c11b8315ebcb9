#include "vision/read_vq_config.h"

#include "runtime/weights/config_reader.h"
#include "runtime/weights/json_file.h"
#include "vision/diffusers_vq_config.h"
#include "vision/magvit_config.h"

namespace lacuna::vision {

VqConfig read_vq_config(const std::filesystem::path& folder, const weights::Checkpoint& checkpoint) {
  const std::filesystem::path file = folder / "config.json";
  const weights::Json json = weights::read_json_file(file);
  const bool released = json.is_object() && json.find("_class_name");
  if (!released) return VqConfig::from_json(json, file);
  weights::ConfigReader reader(json, file);
  const std::string name = reader.one_of("_class_name", {"MAGVITv2", "VQModel"});
  return name == "VQModel" ? diffusers_vq_config(json, file) : magvit_config(json, file, checkpoint);
}

}  // namespace lacuna::vision
