#include "fusion/token_space.h"

#include <stdexcept>
#include <string>

namespace lacuna::fusion {
namespace {

[[noreturn]] void fail(const std::string& rule) { throw std::invalid_argument("[token_space] expected " + rule); }

}  // namespace

std::string_view name_of(Modality modality) { return modality == Modality::text ? "text" : "image"; }

void TokenSpace::validate() const {
  if (size < 1) fail("at least one token, got " + std::to_string(size));
  for (const IdRange* r : {&text, &image}) {
    const IdRange& range = *r;
    if (range.begin < 0 || range.size < (r == &image ? 0 : 1) || range.size > size - range.begin) {
      fail("ranges inside [0, " + std::to_string(size) + "), got [" + std::to_string(range.begin) + ", +" +
           std::to_string(range.size) + ")");
    }
  }
  const bool whole = text.begin == 0 && text.size == size;
  if (!whole && has_images() && text.begin < image.end() && image.begin < text.end()) fail("text and image ranges that do not overlap");
  for (std::int32_t id : {mask, begin_image, end_image}) {
    if (id < 0 || id >= size) fail("special ids inside [0, " + std::to_string(size) + "), got " + std::to_string(id));
    if (image.contains(id)) fail("special ids outside the image range, got " + std::to_string(id));
  }
  if (!text.contains(end_of_text)) fail("end_of_text to be a text id, got " + std::to_string(end_of_text));
}

}  // namespace lacuna::fusion
