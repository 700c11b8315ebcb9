#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/generation/model.h"
#include "text/chat_template.h"

namespace lacuna::generation {

/// A conversation in the form that the model was trained on, ending where its answer begins. Throws
/// std::invalid_argument for a model that was not trained on conversations.
std::vector<std::int32_t> chat_ids(const Model& model, std::span<const text::ChatMessage> messages);
/// One message of a user.
std::vector<std::int32_t> chat_ids(const Model& model, std::string_view question);

/// A text to be continued as it stands, behind the token that begins a text where the tokenizer has one.
std::vector<std::int32_t> prompt_ids(const Model& model, std::string_view text);

}  // namespace lacuna::generation
