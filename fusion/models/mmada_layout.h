#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lacuna::fusion {

/// Ids that MMaDA's layouts are made of. Its task tokens are LLaDA's reserved tokens 0, 1, 4, 5, 9 and 10.
struct MmadaTokens {
  std::int32_t begin_image = -1, end_image = -1;
  std::int32_t text_to_image = -1, understand = -1, reason_to_image = -1;
  std::int32_t pad = -1;  // in front of the text of a text-to-image row
  std::int32_t begin_of_text = -1, end_of_text = -1, end_header = -1;

  static MmadaTokens from_reserved(std::int32_t first_reserved);
};

/// A row as MMaDA was trained with it, padding included. Fields that a task does not use are all 1 (validity) or
/// all 0 (prompt); labels are -100 where nothing is learnt.
struct MmadaRow {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> validity;  // 0 = padding that attention may not see
  std::vector<std::uint8_t> prompt;    // 1 = given, never noised
  std::vector<std::int32_t> labels;
};

inline constexpr std::int32_t kNoLabel = -100;

/// MMaDA's tasks. T = text_length, N = image ids; text is the tokenizer's ids without begin and end:
///   text_to_image    pad x (T + 1 - n)  t2i BOS text EOS  soi N image ids eoi             T + N + 3 ids
///   understand       mmu soi N image ids eoi  BOS text EOS, EOS up to T                   T + N + 3
///   text             BOS text EOS, EOS up to the same length                              T + N + 3
///   chat             the same; what lies before the answer is prompt
///   reason_to_image  r2i  (BOS text EOS, EOS up to T)  soi N image ids eoi                T + N + 3
/// A text that is too long loses its end; an EOS stays last, except in text and chat.
enum class MmadaTask : std::uint8_t { text_to_image, understand, text, chat, reason_to_image };

/// `image` are ids of the token space, masks allowed. Throws std::invalid_argument for text_length < 2.
MmadaRow mmada_row(const MmadaTokens& tokens, MmadaTask task, std::span<const std::int32_t> text,
                   std::span<const std::int32_t> image, int text_length);

}  // namespace lacuna::fusion
