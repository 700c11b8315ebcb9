#include "runtime/evaluation/label.h"

namespace lacuna::evaluation {

std::string label_of(std::string_view caption) {
  const std::size_t colon = caption.find(": ");
  if (colon != std::string_view::npos) caption.remove_prefix(colon + 2);
  std::string label;
  for (char c : caption) {
    const bool space = c == ' ' || c == '\t' || c == '\n';
    if (space && (label.empty() || label.back() == ' ')) continue;
    label += space ? ' ' : c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  }
  while (!label.empty() && label.back() == ' ') label.pop_back();
  return label;
}

}  // namespace lacuna::evaluation
