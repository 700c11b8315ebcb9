#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/shaders/spirv_to_khr.h"

/// spirv_to_khr FROM TO: the module of one file into another, while the engine is built.
int main(int count, char** arguments) try {
  if (count != 3) throw std::invalid_argument("expected spirv_to_khr FROM TO");
  std::ifstream from(arguments[1], std::ios::binary);
  std::vector<std::uint32_t> words;
  for (std::uint32_t word = 0; from.read(reinterpret_cast<char*>(&word), sizeof word);) words.push_back(word);
  const std::vector<std::uint32_t> made = lacuna::shaders::spirv_to_khr(words);
  std::ofstream to(arguments[2], std::ios::binary);
  to.write(reinterpret_cast<const char*>(made.data()), std::streamsize(made.size() * sizeof made[0]));
  to.close();
  if (!to) throw std::runtime_error(std::string("cannot write ") + arguments[2]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "spirv_to_khr: %s\n", error.what());
  return 1;
}
