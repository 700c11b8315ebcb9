// Any bytes as a tokenizer.json: either refused with CheckpointError or a tokenizer that takes any text and gives it
// back. The bytes after the first NUL, if there is one, are that text.

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "runtime/weights/checkpoint_error.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer_json.h"
#include "text/utf8.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lacuna::text;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view json = bytes.substr(0, bytes.find('\0'));
  const std::string text = lossy_utf8(bytes.substr(json.size()));
  try {
    const auto tokenizer = make_tokenizer(parse_tokenizer_json(json, "fuzz"), "fuzz");
    for (const auto& ids : {tokenizer.encode(text), tokenizer.encode_with_specials(text)}) {
      for (const std::int32_t id : ids) require(id >= 0 && id < tokenizer.size());
      require(is_utf8(tokenizer.decode(ids)));
      require(is_utf8(tokenizer.decode_without_specials(ids)));
    }
  } catch (const lacuna::weights::CheckpointError& error) {
    require(std::string_view(error.what()).starts_with("fuzz: "));
  } catch (const std::runtime_error& error) {  // an expression that would need unreasonable work
    require(std::string_view(error.what()).starts_with("[SplitPattern]"));
  }
  return 0;
}
