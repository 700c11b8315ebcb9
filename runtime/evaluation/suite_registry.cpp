#include <array>

#include "runtime/evaluation/evaluate.h"

namespace lacuna::evaluation {
namespace {

constexpr std::array kSuites{
    SuiteEntry{"reconstruct", "how well pictures survive the image tokenizer", evaluate_reconstruct},
    SuiteEntry{"caption", "exactly right labels", evaluate_caption},
    SuiteEntry{"roundtrip", "drawings from captions, captioned again", evaluate_roundtrip},
    SuiteEntry{"infill", "the right half redrawn, and captions completed", evaluate_infill},
    SuiteEntry{"likelihood", "bounds on the likelihood of captions and pictures", evaluate_likelihood},
    SuiteEntry{"retrieval", "captions and pictures found by likelihood", evaluate_retrieval},
};

}  // namespace

std::span<const SuiteEntry> suite_registry() { return kSuites; }

}  // namespace lacuna::evaluation
