#include "fusion/models/lumina_config.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/models/llada_config.h"
#include "runtime/weights/config_reader.h"

namespace lacuna::fusion {
namespace {

using weights::ConfigReader;
using weights::Json;

constexpr const char* kModelType = "lumina_dimoo";
constexpr const char* kDrawingPrompt = "Generate an image according to the text prompt.";
constexpr std::int32_t kReleasedCodes = 126356;
constexpr std::int32_t kReleasedMask = 126336;
constexpr std::int32_t kReleasedEnd = 126081;

/// A special token: its name in the tokenizer and in the section, and its id in the original code (-1: by name alone).
struct Special {
  std::int32_t LuminaTokens::*id;
  const char* name;
  const char* key;
  std::int32_t released;
};

constexpr Special kSpecials[] = {
    {&LuminaTokens::end_of_line, "<end-of-line>", "end_of_line", 126084},
    {&LuminaTokens::begin_image, "<IMAGE>", "begin_image", 126349},
    {&LuminaTokens::end_image, "</IMAGE>", "end_image", 126350},
    {&LuminaTokens::uncondition, "<uncondition>", "uncondition", 126351},
    {&LuminaTokens::answer, "<answer>", "answer", 126354},
    {&LuminaTokens::end_answer, "</answer>", "end_answer", 126355},
    {&LuminaTokens::system, "<system>", "system", -1},
    {&LuminaTokens::end_system, "</system>", "end_system", -1},
    {&LuminaTokens::user, "<user>", "user", -1},
    {&LuminaTokens::end_user, "</user>", "end_user", -1},
};

void read_section(ConfigReader section, LuminaConfig& config) {
  const std::int64_t vocabulary = config.transformer.vocabulary;
  config.tokens.count = std::int32_t(section.integer("text_tokens", 1, vocabulary));
  for (const Special& s : kSpecials) config.tokens.*s.id = std::int32_t(section.integer(s.key, 0, vocabulary - 1));
  for (std::int64_t id : section.integers_or("drawing_prompt", {}, 0, vocabulary - 1)) {
    config.drawing_prompt.push_back(std::int32_t(id));
  }
  const auto grid = section.integers_or("image_grid", {config.grid_height, config.grid_width}, 1, 4096, 2);
  if (grid.size() != 2) section.fail("image_grid", "expected [rows, columns]");
  config.grid_height = int(grid[0]);
  config.grid_width = int(grid[1]);
  section.ignore({"text_length"});
  section.finish();
}

void read_names(ConfigReader& c, const TokenNames& names, LuminaConfig& config) {
  config.tokens.count = names.count;
  for (const Special& s : kSpecials) {
    const bool fixed = s.released >= 0 && config.codes.begin == kReleasedCodes;
    config.tokens.*s.id = fixed ? s.released : names.find(s.name);
    if (config.tokens.*s.id < 0) {
      c.fail("model_type", std::string("expected a tokenizer with the added token ") + s.name +
                               " of Lumina-DiMOO; tokenizer.json has none");
    }
  }
  if (names.encode) config.drawing_prompt = names.encode(kDrawingPrompt);
}

}  // namespace

void LuminaConfig::validate() const {
  transformer.validate();
  const auto require = [](bool ok, const std::string& rule) {
    if (!ok) throw std::invalid_argument("[lumina] expected " + rule);
  };
  require(codes.begin > 0 && codes.size > 0 && codes.end() == transformer.vocabulary,
          "image codes as the last ids of the vocabulary");
  for (const Special& s : kSpecials) {
    const std::int32_t id = tokens.*s.id;
    require(id >= 0 && id < codes.begin, std::string("an id before the codes for ") + s.name + ", got " + std::to_string(id));
  }
  for (std::int32_t id : drawing_prompt) require(id >= 0 && id < codes.begin, "words in drawing_prompt");
  require(grid_height >= 1 && grid_width >= 1 && grid_height <= 4096 && grid_width <= 4096,
          "an image grid from 1 to 4096 codes along each side");
}

LuminaConfig LuminaConfig::from_json(const Json& json, const std::filesystem::path& file, const TokenNames* names) {
  ConfigReader c(json, file);
  c.one_of("model_type", {kModelType, "llada"});
  LuminaConfig config;
  config.transformer = read_llada_transformer(c);
  const int vocabulary = config.transformer.vocabulary;
  const auto size = std::int32_t(c.integer_or("codebook_size", std::min(8192, vocabulary - 1), 1, vocabulary - 1));
  config.codes = {vocabulary - size, size};
  const auto named = [&](const char* name, std::int32_t released) {
    const std::int32_t id = names ? names->find(name) : -1;
    return id >= 0 ? id : std::min(released, vocabulary - 1);
  };
  config.tokens.mask =
      std::int32_t(c.integer_or("mask_token_id", named("<|mdm_mask|>", kReleasedMask), 0, vocabulary - 1));
  config.tokens.end_of_text =
      std::int32_t(c.integer_or("eos_token_id", named("<|endoftext|>", kReleasedEnd), 0, vocabulary - 1));
  if (auto section = c.section_if("lacuna")) {
    read_section(*section, config);
  } else if (names) {
    read_names(c, *names, config);
  } else {
    c.fail("lacuna", "expected the section that lacuna import writes, or a tokenizer.json beside this file");
  }
  if (c.boolean_or("w_clip_vit", false)) c.fail("w_clip_vit", "expected false: pictures come as codes alone");
  // Its code grew out of MMaDA's, whose config.json has these.
  c.ignore({"gradient_checkpointing", "llm_model_path", "llm_vocab_size", "load_from_showo", "new_vocab_size",
            "num_new_special_tokens", "num_vq_tokens", "pretrained_model_path"});
  c.finish();
  try {
    config.validate();
  } catch (const std::invalid_argument& error) {
    c.fail("model_type", error.what());
  }
  return config;
}

Json LuminaConfig::section() const {
  Json section = Json::object().set("text_tokens", tokens.count);
  for (const Special& s : kSpecials) section.set(s.key, tokens.*s.id);
  Json::Array prompt;
  for (std::int32_t id : drawing_prompt) prompt.push_back(id);
  return section.set("drawing_prompt", Json(std::move(prompt)));
}

bool is_lumina(const Json& json, const TokenNames* names) {
  if (names && names->find("<uncondition>") >= 0 && names->find("</answer>") >= 0) return true;
  const Json* classes = json.is_object() ? json.find("architectures") : nullptr;
  if (!classes || !classes->is_array()) return false;
  return std::ranges::any_of(classes->as_array(), [](const Json& name) {
    return name.is_string() && name.as_string() == "LLaDAForMultiModalGeneration";
  });
}

Json lumina_config_json(const Json& released, std::int64_t embedding_rows) {
  Json json = released;
  json.set("model_type", kModelType).set("vocab_size", embedding_rows).set("embedding_size", embedding_rows);
  return json;
}

}  // namespace lacuna::fusion
