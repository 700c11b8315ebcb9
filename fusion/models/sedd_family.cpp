#include "fusion/models/sedd_family.h"

namespace lacuna::fusion {
namespace {

constexpr std::int64_t kMaxSize = 1 << 20;

void read_noise(weights::ConfigReader& c, DitConfig& config) {
  auto graph = c.section("graph");
  const bool uniform = graph.one_of("type", {"absorb", "uniform"}) == "uniform";
  config.noise = uniform ? NoiseKind::uniform : NoiseKind::absorbing;
  config.output = NetworkOutput::log_score;
  auto noise = c.section("noise");
  const double lowest = noise.number_or("sigma_min", 1e-4, 0.0, 1e3), highest = noise.number_or("sigma_max", 20, 0.0, 1e3);
  if (noise.one_of("type", {"loglinear", "geometric"}) == "loglinear") return;
  if (!(lowest < highest)) noise.fail("sigma_max", "expected more than sigma_min");
  config.lowest_noise = lowest;
  config.highest_noise = highest;
}

}  // namespace

DitConfig sedd_config(const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
  weights::ConfigReader c(json, file);
  DitConfig config;
  read_noise(c, config);
  config.text_tokens = std::int32_t(c.integer("tokens", 2, kMaxSize));
  auto model = c.section("model");
  model.one_of_or("type", "ddit", {"ddit"});
  const DitSizes sizes{config.text_tokens + (config.noise == NoiseKind::uniform ? 0 : 1),
                       model.integer("hidden_size", 1, kMaxSize), model.integer("cond_dim", 1, kMaxSize),
                       model.integer("n_blocks", 1, 1024), model.integer("n_heads", 1, 1024)};
  config.transformer = dit_transformer(sizes, model);
  config.transformer.time = TimeInput::modulating;
  config.length = int(model.integer_or("length", 1024, 1, 65536));
  if (model.boolean_or("scale_by_sigma", false) && config.noise == NoiseKind::uniform) {
    model.fail("scale_by_sigma", "expected false with the graph \"uniform\", as in the original");
  }
  model.ignore({"name", "dropout"});
  model.finish();
  config.end_of_text = dit_end_of_text(c, names, config.text_tokens);
  return config;  // the other sections are those of a training run
}

std::unique_ptr<ModelFamily> make_sedd_family(const DitConfig& config) { return make_dit_family(config, dit_names()); }

}  // namespace lacuna::fusion
