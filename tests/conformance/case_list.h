#pragma once

#include <utility>

#include "tests/conformance/case.h"
#include "tests/conformance/problem_builder.h"

namespace lacuna::conformance {

enum class Gradient { none, smooth };

/// Collects cases; a case is a function that fills a ProblemBuilder.
class CaseList {
 public:
  void add(std::string op, std::string name, Tolerance tolerance, Gradient gradient,
           std::function<void(ProblemBuilder&)> fill) {
    auto make = [name, fill = std::move(fill)] {
      ProblemBuilder p(name);
      fill(p);
      return p.finish();
    };
    cases_.push_back({std::move(op), std::move(name), tolerance, gradient == Gradient::smooth, std::move(make)});
  }
  std::vector<Case> take() { return std::move(cases_); }

 private:
  std::vector<Case> cases_;
};

void add_dense_cases(CaseList& list);
void add_elementwise_cases(CaseList& list);
void add_row_cases(CaseList& list);
void add_layout_cases(CaseList& list);
void add_image_cases(CaseList& list);
void add_norm_cases(CaseList& list);
void add_rope_cases(CaseList& list);
void add_attention_cases(CaseList& list);
void add_draw_cases(CaseList& list);
void add_quantiser_cases(CaseList& list);
void add_network_cases(CaseList& list);

}  // namespace lacuna::conformance
