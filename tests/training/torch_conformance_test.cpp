#include "fusion/training/torch_executor.h"
#include "tests/conformance/suite.h"

namespace lacuna::conformance {
namespace {

/// The arithmetic follows the storage: bf16 weights are multiplied in bf16.
LACUNA_CONFORMANCE(TorchConformance,
                   [] { return std::make_unique<training::TorchExecutor>(at::Device(at::kCPU)); }, f32, int8);
LACUNA_CONFORMANCE(TorchBf16Conformance,
                   [] {
                     return std::make_unique<training::TorchExecutor>(at::Device(at::kCPU),
                                                                      training::Precision::bf16);
                   },
                   bf16);

}  // namespace
}  // namespace lacuna::conformance
