#pragma once

#include <filesystem>
#include <memory>

#include "fusion/models/denoiser_graph.h"
#include "fusion/models/llada_config.h"
#include "fusion/models/model_family.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// Weight names of LLaDA's checkpoints, which MMaDA and Lumina-DiMOO share: model.transformer.wte,
/// model.transformer.blocks.i.q_proj, ... Two traps: ff_proj is the gate, and blocks.i.ff_out (down) is not
/// transformer.ff_out (head).
DenoiserNames llada_names();

/// LLaDA 8B, base and instruct, and tuned copies of them (model_type "llada"): text alone, drawn from the whole
/// vocabulary as the original does. Rotary positions count from the canvas' first one.
struct LladaConfig {
  TransformerConfig transformer;
  LladaTokens tokens;

  /// Throws weights::CheckpointError naming file and field; unknown fields are errors. `names` may be null.
  static LladaConfig from_json(const weights::Json& json, const std::filesystem::path& file,
                               const TokenNames* names = nullptr);
};

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_llada_family(const LladaConfig& config);

/// Positions of a canvas whose tokens are simply counted.
std::vector<std::int32_t> counted_positions(const Canvas& canvas);
/// The unconditional branch of LLaDA and MMaDA for words: every known token of the prompt masked, so also a
/// picture's codes and the framing tokens.
Branch without_prompt(const TokenSpace& tokens, const Canvas& canvas);
/// Appends a prompt: known ids as frames, or, where it holds masks, all of it as a text span.
void append_prompt(const TokenSpace& tokens, std::span<const std::int32_t> prompt, Canvas& canvas);
/// Appends the answer's span, masked behind its prefix. Throws std::invalid_argument.
void append_answer(const TokenSpace& tokens, const TextTask& task, Canvas& canvas);

}  // namespace lacuna::fusion
