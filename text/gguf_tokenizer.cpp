#include "text/gguf_tokenizer.h"

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/utf8.h"
#include "text/known_cuts.h"
#include "text/tokenizer_json.h"
#include "text/utf8.h"

namespace lacuna::text {
namespace {

using weights::in_quotes;

enum TokenType : std::int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

[[noreturn]] void fail(const weights::GgufFile& file, const std::string& message) {
  throw weights::CheckpointError(file.path(), "metadata: " + message);
}

}  // namespace

ByteLevelBpeDefinition gguf_tokenizer_definition(const weights::GgufFile& file) {
  if (const std::string_view model = file.text("tokenizer.ggml.model"); model != "gpt2") {
    fail(file, "expected \"tokenizer.ggml.model\" to be \"gpt2\" (byte-level BPE), got " + in_quotes(model));
  }
  const std::string_view pre = file.text("tokenizer.ggml.pre");
  const KnownCut* cut = find_known_cut(pre);
  if (cut == nullptr) {
    fail(file, "expected \"tokenizer.ggml.pre\" to be llada, llada-moe, bailingmoe, dream, qwen2, llama-bpe, llama3 or "
               "gpt-2, got " + in_quotes(pre) + "; give the model's tokenizer.json");
  }
  ByteLevelBpeDefinition d;
  d.form = cut->form;
  d.whole_words = cut->whole_words;
  d.steps = {{SplitStep::Prefix::none, cut->pattern}};

  const auto& tokens = file.texts("tokenizer.ggml.tokens");
  const auto& types = file.integers("tokenizer.ggml.token_type");
  if (tokens.size() != types.size() || tokens.empty() || std::cmp_greater(tokens.size(), BpeModel::kMaxPieces)) {
    fail(file, "expected 1 to " + std::to_string(BpeModel::kMaxPieces) + " tokens with a type each, got " +
                   std::to_string(tokens.size()) + " tokens and " + std::to_string(types.size()) + " types");
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    const std::string where = "tokenizer.ggml.tokens[" + std::to_string(i) + "]";
    if (!is_utf8(tokens[i])) fail(file, "expected UTF-8 in " + where + ", got " + in_quotes(tokens[i]));
    switch (types[i]) {
      case kNormal:
        d.pieces.emplace_back(tokens[i], id);
        break;
      case kControl:
      case kUserDefined:
        if (tokens[i].empty()) fail(file, "expected a text in " + where + ", got none");
        d.added.push_back({id, std::string(tokens[i]), types[i] == kControl, false, false, false, false});
        break;
      case kUnused:
        break;
      default:
        fail(file, "expected the type of " + where + " to be 1, 3, 4 or 5, got " + std::to_string(types[i]));
    }
  }
  for (const std::string_view merge : file.texts("tokenizer.ggml.merges")) {
    const std::size_t space = merge.find(' ');
    const bool good = space != std::string_view::npos && space > 0 && space + 1 < merge.size() &&
                      merge.find(' ', space + 1) == std::string_view::npos && is_utf8(merge);
    if (!good) {
      fail(file, "expected tokenizer.ggml.merges[" + std::to_string(d.merges.size()) +
                     "] to be two pieces with a space between them, got " + in_quotes(merge));
    }
    d.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  if (d.merges.empty() && d.pieces.size() > 512) fail(file, "expected merges in \"tokenizer.ggml.merges\", got none");
  return d;
}

ByteLevelBpeTokenizer gguf_tokenizer(const weights::GgufFile& file) {
  return make_tokenizer(gguf_tokenizer_definition(file), file.path());
}

}  // namespace lacuna::text
