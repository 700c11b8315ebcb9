#include "fusion/image_ids.h"

#include <stdexcept>
#include <string>

#include "fusion/layout.h"

namespace lacuna::fusion {

std::vector<std::int32_t> image_ids(const TokenSpace& space, std::span<const std::int32_t> codes, int expected,
                                    MaskedCodes masked) {
  if (codes.size() != std::size_t(expected)) {
    throw std::invalid_argument("[layout] expected " + std::to_string(expected) + " image codes, got " +
                                std::to_string(codes.size()));
  }
  std::vector<std::int32_t> ids;
  ids.reserve(codes.size());
  for (std::int32_t code : codes) {
    const bool unknown = masked == MaskedCodes::allowed && code == kMaskedCode;
    if (!unknown && (code < 0 || code >= space.image.size)) {
      throw std::invalid_argument("[layout] expected image codes in [0, " + std::to_string(space.image.size) +
                                  "), got " + std::to_string(code));
    }
    ids.push_back(unknown ? space.mask : space.image.begin + code);
  }
  return ids;
}

}  // namespace lacuna::fusion
