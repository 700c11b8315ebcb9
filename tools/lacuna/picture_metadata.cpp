#include "tools/lacuna/picture_metadata.h"

#include <stdexcept>

#include "runtime/samplers/sampler_registry.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/config_reader.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/sampling_flags.h"
#include "tools/lacuna/version.h"
#include "vision/image_io.h"

namespace lacuna::tools {
namespace {

using fusion::NoiseSchedule;
using weights::Json;

/// 2: options of samplers; "arccos" is the published curve (1 called arcsin so).
constexpr std::int64_t kFormat = 2;
constexpr double kMost = 1e9;

Json to_json(const generation::DrawOptions& draw) {
  return Json::object()
      .set("temperature", double(draw.temperature))
      .set("cfg_scale", double(draw.guidance_scale))
      .set("top_k", draw.top_k)
      .set("top_p", double(draw.top_p));
}

generation::DrawOptions read_draw(weights::ConfigReader json) {
  generation::DrawOptions draw;
  draw.temperature = float(json.number("temperature", 0, kMost));
  draw.guidance_scale = float(json.number("cfg_scale", 0, kMost));
  draw.top_k = int(json.integer("top_k", 0, 1'000'000'000));
  draw.top_p = float(json.number("top_p", 0, 1));
  json.finish();
  return draw;
}

Json to_json(const samplers::SamplerOptions& options) {
  Json json = Json::object();
  for (const auto& [name, value] : options.values) json.set(name, value);
  return json;
}

samplers::SamplerOptions read_options(weights::ConfigReader json, const std::string& sampler) {
  samplers::SamplerOptions options;
  const samplers::SamplerEntry& entry = samplers::find_sampler(sampler);
  for (const auto list : {entry.options, samplers::common_sampler_options()}) {
    for (const samplers::OptionSpec& spec : list) {
      if (json.has(spec.name)) options.values[std::string(spec.name)] = json.number(spec.name, -kMost, kMost);
    }
  }
  json.finish();
  return options;
}

NoiseSchedule read_schedule(const std::string& name, std::int64_t format) {
  return NoiseSchedule::named(format == 1 && name == "arccos" ? "arcsin" : name);
}

}  // namespace

Json to_json(const PictureSettings& s) {
  const generation::JobOptions& o = s.options;
  return Json::object()
      .set("format", kFormat)
      .set("program", std::string("lacuna ") + kVersion)
      .set("job", s.job)
      .set("prompt", s.prompt)
      .set("seed", o.seed)
      .set("steps", o.steps)
      .set("remask", o.sampler)
      .set("randomness", o.randomness)
      .set("sampler_options", to_json(o.sampler_options))
      .set("image_schedule", name_of(o.image_schedule))
      .set("text_schedule", name_of(o.text_schedule))
      .set("image", to_json(o.draws.image))
      .set("text", to_json(o.draws.text))
      .set("model", s.model)
      .set("model_sha256", s.model_sha256)
      .set("device", s.device)
      .set("precision", s.precision);
}

PictureSettings settings_from_json(const Json& json, const std::string& file) {
  try {
    weights::ConfigReader c(json, file);
    PictureSettings s;
    const std::int64_t format = c.integer("format", 1, kFormat);
    c.string("program");
    s.job = c.one_of("job", {"generate", "infill", "extend"});
    s.prompt = c.string("prompt");
    s.options.seed = std::uint64_t(c.integer("seed", 0, INT64_MAX));
    s.options.steps = int(c.integer("steps", 1, 100'000));
    s.options.sampler = c.string("remask");
    s.options.randomness = c.number("randomness", 0, kMost);
    if (format > 1) s.options.sampler_options = read_options(c.section("sampler_options"), s.options.sampler);
    if (format == 1 && s.options.sampler == "halton") {
      c.fail("remask", "the Halton order of that version cannot be repeated");
    }
    s.options.image_schedule = read_schedule(c.string("image_schedule"), format);
    s.options.text_schedule = read_schedule(c.string("text_schedule"), format);
    s.options.draws.image = read_draw(c.section("image"));
    s.options.draws.text = read_draw(c.section("text"));
    s.model = c.string("model");
    s.model_sha256 = c.string("model_sha256");
    s.device = c.string("device");
    s.precision = c.string("precision");
    c.finish();
    s.options.validate();
    return s;
  } catch (const weights::CheckpointError& error) {
    throw Failure(kBadData,
                  std::string("the settings in this picture cannot be used: ") + error.what());
  } catch (const std::invalid_argument& error) {
    throw Failure(kBadData,
                  file + ": the settings in this picture cannot be used: " + error.what());
  }
}

std::vector<vision::PngText> png_texts(const PictureSettings& s, vision::Size size) {
  const generation::JobOptions& o = s.options;
  std::string line = s.prompt + "\nSteps: " + std::to_string(o.steps) + ", Sampler: " + o.sampler +
                     ", Schedule type: " + name_of(o.image_schedule) +
                     ", CFG scale: " + short_number(o.draws.image.guidance_scale) +
                     ", Seed: " + std::to_string(o.seed) + ", Size: " + std::to_string(size.width) +
                     "x" + std::to_string(size.height) +
                     ", Model hash: " + s.model_sha256.substr(0, 10) + ", Model: " + s.model +
                     ", Version: lacuna " + kVersion;
  return {{vision::kPngParametersKey, std::move(line)}, {vision::kPngLacunaKey, to_json(s).dump()}};
}

PictureSettings read_settings(const std::string& file) {
  for (const vision::PngText& text : vision::read_image_texts(file)) {
    if (text.key != vision::kPngLacunaKey) continue;
    try {
      return settings_from_json(Json::parse(text.value), file);
    } catch (const weights::JsonError& error) {
      throw Failure(kBadData, file + ": its \"lacuna\" text is not JSON: " + error.what());
    }
  }
  throw Failure(kBadData, file +
                              ": holds no settings of lacuna; it was not drawn by lacuna, or with "
                              "--disable-metadata, or another program has removed them");
}

}  // namespace lacuna::tools
