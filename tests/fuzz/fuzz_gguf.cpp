// Any bytes as a GGUF file: either refused with CheckpointError or a table of contents that lies within the file and
// whose tensors can be read. The bytes are tried as they are, and after a made-up beginning, so that mutations reach
// past the magic.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/gguf.h"

namespace {

using namespace lacuna::weights;

void require(bool condition) {
  if (!condition) std::abort();
}

void parse(const std::string& file) {
  const auto bytes = std::as_bytes(std::span(file));
  try {
    const GgufHeader header = parse_gguf(bytes, "fuzz");
    std::uint64_t last = 0;
    for (const GgufTensor& tensor : header.tensors) {
      require(tensor.offset >= last && tensor.offset <= file.size() && tensor.size <= file.size() - tensor.offset);
      last = tensor.offset + tensor.size;
      require(tensor.shape.rank() >= 1 && tensor.shape.rank() <= 4);
      const GgufBlock block = block_of(tensor.type);
      const auto elements = static_cast<std::uint64_t>(tensor.shape.elements());
      require(elements % block.elements == 0 && elements / block.elements * block.bytes == tensor.size);
      std::vector<float> values(elements);
      dequantize_gguf(tensor.type, bytes.data() + tensor.offset, tensor.shape[0],
                      tensor.shape.elements() / tensor.shape[0], values.data());
    }
  } catch (const CheckpointError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  parse(bytes);
  if (size < 2) return 0;
  std::string file("GGUF\3\0\0\0", 8);
  file += static_cast<char>(data[0]);
  file.append(7, '\0');
  file += static_cast<char>(data[1]);
  file.append(7, '\0');
  parse(file + bytes.substr(2));
  return 0;
}
