#include "text/known_cuts.h"

#include <array>

namespace lacuna::text {
namespace {

constexpr const char* kLlada =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

using Words = ByteLevelBpeDefinition::WholeWords;
constexpr std::array<KnownCut, 8> kCuts = {{
    {"llada", kLlada, UnicodeForm::nfc, Words::merged},
    {"llada-moe", kLlada, UnicodeForm::nfc, Words::merged},
    {"bailingmoe", kLlada, UnicodeForm::nfc, Words::merged},
    {"dream", kQwen2, UnicodeForm::nfc, Words::merged},
    {"qwen2", kQwen2, UnicodeForm::nfc, Words::merged},
    {"llama-bpe", kLlama3, UnicodeForm::none, Words::looked_up},
    {"llama3", kLlama3, UnicodeForm::none, Words::looked_up},
    {"gpt-2", kGpt2, UnicodeForm::none, Words::merged},
}};

}  // namespace

const KnownCut* find_known_cut(std::string_view name) {
  for (const KnownCut& row : kCuts) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace lacuna::text
