#pragma once

#include <cstdint>

namespace lacuna::generation {

/// What a caller answers after each step of a run.
enum class Continue : std::uint8_t { no, yes };

}  // namespace lacuna::generation
