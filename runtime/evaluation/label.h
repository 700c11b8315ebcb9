#pragma once

#include <string>
#include <string_view>

namespace lacuna::evaluation {

/// The label inside a caption of the form "style: label"; the whole caption when it names no style. Lower case,
/// white space folded.
std::string label_of(std::string_view caption);

}  // namespace lacuna::evaluation
