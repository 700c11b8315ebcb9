#include "runtime/generation/chat_prompt.h"

#include <stdexcept>

#include "runtime/generation/masked_text.h"

namespace lacuna::generation {
namespace {

text::ChatTemplate template_of(fusion::ChatStyle style) {
  switch (style) {
    case fusion::ChatStyle::llada: return text::ChatTemplate::llada;
    case fusion::ChatStyle::mmada: return text::ChatTemplate::mmada;
    case fusion::ChatStyle::chatml: return text::ChatTemplate::dream;
    case fusion::ChatStyle::lumina: return text::ChatTemplate::lumina;
    case fusion::ChatStyle::showo: return text::ChatTemplate::showo;
    case fusion::ChatStyle::none: break;
  }
  throw std::invalid_argument("[chat] expected a model that was trained on conversations; lacuna complete continues a "
                              "text with any model that writes");
}

}  // namespace

std::vector<std::int32_t> chat_ids(const Model& model, std::span<const text::ChatMessage> messages) {
  return text::encode_chat(template_of(model.family->chat_style()), messages, *model.text);
}

std::vector<std::int32_t> chat_ids(const Model& model, std::string_view question) {
  const text::ChatMessage message{"user", std::string(question)};
  return chat_ids(model, {&message, 1});
}

std::vector<std::int32_t> prompt_ids(const Model& model, std::string_view text) {
  std::vector<std::int32_t> ids;
  for (const char* begin : {"<|startoftext|>", "<|beginoftext|>"}) {
    if (const auto id = model.text->special_id(begin)) ids.push_back(*id);
  }
  const auto words = encode_masked_text(*model.text, model.family->tokens(), text);
  ids.insert(ids.end(), words.begin(), words.end());
  return ids;
}

}  // namespace lacuna::generation
