#pragma once

#include <string>
#include <vector>

#include "runtime/generation/denoise_loop.h"
#include "runtime/generation/model.h"

namespace lacuna::tools {

/// Text as it stands in a canvas on one line: masked positions as light blocks, what is new since
/// `before` (ids of the same span; may be empty) in colour or, without colours, in brackets.
std::string text_line(const generation::Model& model, const fusion::Canvas& canvas,
                      const std::vector<std::int32_t>& before, bool colours);

/// Prints one line for each canvas and step to stderr.
class TextView {
 public:
  TextView(const generation::Model& model, bool colours) : model_(model), colours_(colours) {}
  void show(const generation::StepReport& report);

 private:
  const generation::Model& model_;
  bool colours_;
  std::vector<std::vector<std::int32_t>> before_;
};

}  // namespace lacuna::tools
