#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/text_tokenizer.h"

namespace lacuna::text {

/// How a released model wants a conversation laid out. All but Lumina's end with the opening of the assistant's turn.
enum class ChatTemplate : std::uint8_t {
  /// LLaDA-8B-Instruct: header, two newlines, trimmed content, end of turn; begins with <|startoftext|>.
  llada,
  /// MMaDA: the same with one newline after a header.
  mmada,
  /// Dream: ChatML; "You are a helpful assistant." unless the first message is the system's.
  dream,
  /// Lumina-DiMOO: <system>, what it is asked to do, </system>, <user>, one message, </user>. A system message takes the
  /// place of the one for questions. Whoever lays the canvas out puts pictures and <answer> in.
  lumina,
  /// Show-o: <|endoftext|>, then "USER: \n" question " ASSISTANT:" and the answer with <|endoftext|>; no system message.
  showo,
};

struct ChatMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

/// "llada", "mmada", "dream", "lumina" or "showo". Throws std::invalid_argument.
ChatTemplate chat_template_named(std::string_view name);

/// The conversation as text, special tokens spelt out. Throws std::invalid_argument for another role, no message,
/// or more turns than the model was trained on.
std::string render_chat(ChatTemplate chat, std::span<const ChatMessage> messages);

/// The conversation as ids: of render_chat's text, but special tokens that are spelt out in a message stay text, so
/// that no message can end its own turn or forge another's. Throws std::invalid_argument as render_chat does, and when
/// the tokenizer lacks a token that the template needs (naming it).
std::vector<std::int32_t> encode_chat(ChatTemplate chat, std::span<const ChatMessage> messages,
                                      const TextTokenizer& tokenizer);

}  // namespace lacuna::text
