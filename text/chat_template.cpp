#include "text/chat_template.h"

#include <stdexcept>

#include "runtime/weights/utf8.h"

namespace lacuna::text {
namespace {

/// A special token, or text between two of them.
struct Part {
  std::string text;
  enum class Kind : std::uint8_t { text, special } kind = Kind::text;
};

/// As Jinja's trim: the white space of Python's str.strip() at both ends, as far as it is ASCII or common.
std::string trimmed(std::string_view text) {
  constexpr std::string_view kAscii = " \t\n\v\f\r\x1c\x1d\x1e\x1f";
  constexpr std::string_view kWide[] = {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
                                        "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
                                        "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  const auto edge = [&](auto matches, auto remove) {
    for (bool again = true; again && !text.empty();) {
      again = false;
      for (std::size_t i = 0; i < kAscii.size(); ++i) {
        if (matches(kAscii.substr(i, 1))) remove(1), again = true;
      }
      for (const std::string_view space : kWide) {
        if (matches(space)) remove(space.size()), again = true;
      }
    }
  };
  edge([&](std::string_view s) { return text.starts_with(s); }, [&](std::size_t n) { text.remove_prefix(n); });
  edge([&](std::string_view s) { return text.ends_with(s); }, [&](std::size_t n) { text.remove_suffix(n); });
  return std::string(text);
}

void check(std::span<const ChatMessage> messages) {
  if (messages.empty()) throw std::invalid_argument("[chat] expected at least one message, got none");
  for (const ChatMessage& message : messages) {
    if (message.role == "system" || message.role == "user" || message.role == "assistant") continue;
    throw std::invalid_argument("[chat] expected the role system, user or assistant, got " +
                                weights::in_quotes(message.role));
  }
}

std::vector<Part> llada_parts(std::span<const ChatMessage> messages, const std::string& newlines) {
  using enum Part::Kind;
  std::vector<Part> parts{{"<|startoftext|>", special}};
  const auto header = [&](const std::string& role, const std::string& content) {
    parts.push_back({"<|start_header_id|>", special});
    parts.push_back({role, text});
    parts.push_back({"<|end_header_id|>", special});
    parts.push_back({newlines + content, text});
  };
  for (const ChatMessage& message : messages) {
    header(message.role, trimmed(message.content));
    parts.push_back({"<|eot_id|>", special});
  }
  header("assistant", "");
  return parts;
}

std::vector<Part> dream_parts(std::span<const ChatMessage> messages) {
  using enum Part::Kind;
  std::vector<Part> parts;
  const auto turn = [&](const std::string& role, const std::string& content) {
    parts.push_back({"<|im_start|>", special});
    parts.push_back({role + "\n" + content, text});
    parts.push_back({"<|im_end|>", special});
    parts.push_back({"\n", text});
  };
  if (messages.front().role != "system") turn("system", "You are a helpful assistant.");
  for (const ChatMessage& message : messages) turn(message.role, message.content);
  parts.push_back({"<|im_start|>", special});
  parts.push_back({"assistant\n", text});
  return parts;
}

std::vector<Part> lumina_parts(std::span<const ChatMessage> messages) {
  using enum Part::Kind;
  std::string system =
      "You are a multimodal model that can process both text and images. Answer the following question based on the "
      "provided images. Analyze each image and combine relevant details to answer.";
  if (messages.front().role == "system") {
    system = messages.front().content;
    messages = messages.subspan(1);
  }
  if (messages.size() != 1 || messages.front().role != "user") {
    throw std::invalid_argument("[chat] expected one message of the user, as Lumina-DiMOO was trained, got " +
                                std::to_string(messages.size()) + " messages");
  }
  return {{"<system>", special}, {system, text}, {"</system>", special},
          {"<user>", special},   {messages.front().content, text}, {"</user>", special}};
}

std::vector<Part> showo_parts(std::span<const ChatMessage> messages) {
  using enum Part::Kind;
  std::vector<Part> parts{{"<|endoftext|>", special}};
  for (const ChatMessage& message : messages) {
    if (message.role == "user") {
      parts.push_back({"USER: \n" + message.content + " ASSISTANT:", text});
    } else if (message.role == "assistant") {
      parts.push_back({" " + trimmed(message.content), text});
      parts.push_back({"<|endoftext|>", special});
    } else {
      throw std::invalid_argument("[chat] expected no system message: Show-o was not trained with one");
    }
  }
  return parts;
}

std::vector<Part> parts_of(ChatTemplate chat, std::span<const ChatMessage> messages) {
  check(messages);
  if (chat == ChatTemplate::dream) return dream_parts(messages);
  if (chat == ChatTemplate::lumina) return lumina_parts(messages);
  if (chat == ChatTemplate::showo) return showo_parts(messages);
  return llada_parts(messages, chat == ChatTemplate::mmada ? "\n" : "\n\n");
}

}  // namespace

ChatTemplate chat_template_named(std::string_view name) {
  if (name == "llada") return ChatTemplate::llada;
  if (name == "mmada") return ChatTemplate::mmada;
  if (name == "dream") return ChatTemplate::dream;
  if (name == "lumina") return ChatTemplate::lumina;
  if (name == "showo") return ChatTemplate::showo;
  throw std::invalid_argument("[chat] expected the template llada, mmada, dream, lumina or showo, got " +
                              weights::in_quotes(name));
}

std::string render_chat(ChatTemplate chat, std::span<const ChatMessage> messages) {
  std::string text;
  for (const Part& part : parts_of(chat, messages)) text += part.text;
  return text;
}

std::vector<std::int32_t> encode_chat(ChatTemplate chat, std::span<const ChatMessage> messages,
                                      const TextTokenizer& tokenizer) {
  std::vector<std::int32_t> ids;
  for (const Part& part : parts_of(chat, messages)) {
    if (part.kind == Part::Kind::text) {
      const auto more = tokenizer.encode(part.text);
      ids.insert(ids.end(), more.begin(), more.end());
      continue;
    }
    const auto id = tokenizer.special_id(part.text);
    if (!id) {
      throw std::invalid_argument("[chat] expected a tokenizer with the special token " + part.text +
                                  ", which this one has not; is it that of a base model?");
    }
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace lacuna::text
