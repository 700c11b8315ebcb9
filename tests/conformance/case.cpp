#include "tests/conformance/case.h"

#include <algorithm>

#include "tests/conformance/case_list.h"

namespace lacuna::conformance {

std::string_view name_of(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::f16:
      return "f16";
    case Precision::int8:
      return "int8";
    case Precision::q8_0:
      return "q8_0";
    case Precision::q4_0:
      return "q4_0";
    case Precision::q4_1:
      return "q4_1";
  }
  return "?";
}

std::optional<graph::DType> block_dtype(Precision precision) {
  if (precision == Precision::q8_0) return graph::DType::q8_0;
  if (precision == Precision::q4_0) return graph::DType::q4_0;
  if (precision == Precision::q4_1) return graph::DType::q4_1;
  return std::nullopt;
}

double Tolerance::at(Precision precision) const {
  if (precision == Precision::f32) return f32;
  return precision == Precision::int8 ? int8 : half;
}

std::vector<Case> all_cases() {
  CaseList list;
  add_dense_cases(list);
  add_elementwise_cases(list);
  add_row_cases(list);
  add_layout_cases(list);
  add_image_cases(list);
  add_norm_cases(list);
  add_rope_cases(list);
  add_attention_cases(list);
  add_draw_cases(list);
  add_quantiser_cases(list);
  add_network_cases(list);
  return list.take();
}

std::vector<std::string> all_ops() {
  std::vector<std::string> ops;
  for (const Case& c : all_cases()) {
    if (std::ranges::find(ops, c.op) == ops.end()) ops.push_back(c.op);
  }
  return ops;
}

}  // namespace lacuna::conformance
