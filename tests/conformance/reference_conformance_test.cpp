#include "runtime/cpu/reference_executor.h"
#include "tests/conformance/formula_executor.h"
#include "tests/conformance/suite.h"

namespace lacuna::conformance {
namespace {

/// What the formulas give is compared with the reference engine, so this checks the reference engine, the
/// definitions of the fused ops and the memory plan.
LACUNA_CONFORMANCE(ReferenceAgainstFormulas, [] { return std::make_unique<FormulaExecutor>(); }, f32, bf16, f16, int8);
LACUNA_BLOCK_CONFORMANCE(ReferenceBlocksAgainstFormulas, [] { return std::make_unique<FormulaExecutor>(); });

/// An engine that leaves something behind in its memory would differ from itself.
LACUNA_CONFORMANCE(ReferenceAgainstItself, [] { return std::make_unique<cpu::ReferenceExecutor>(); }, f32);

}  // namespace
}  // namespace lacuna::conformance
