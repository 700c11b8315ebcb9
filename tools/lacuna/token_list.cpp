#include "tools/lacuna/token_list.h"

namespace lacuna::tools {

using weights::Json;

Json token_list(const generation::Model& model, std::span<const std::int32_t> text) {
  Json list = Json::array();
  for (const std::int32_t id : text) {
    if (id == model.family->tokens().end_of_text) break;
    list.push_back(id);
  }
  return list;
}

void append_codes(Json& list, const generation::Model& model, const vision::CodeGrid& codes) {
  for (const std::int32_t code : codes.cells()) list.push_back(model.family->tokens().image.begin + code);
}

Json code_list(const generation::Model& model, const vision::CodeGrid& codes) {
  Json list = Json::array();
  append_codes(list, model, codes);
  return list;
}

}  // namespace lacuna::tools
