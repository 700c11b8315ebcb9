#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/samplers/sampler.h"
#include "runtime/samplers/sampler_options.h"

namespace lacuna::samplers {

struct SamplerEntry {
  std::string_view name;
  std::string_view summary;
  /// Every option of this row is in `options`, checked.
  std::unique_ptr<Sampler> (*make)(const SamplerOptions& options);
  std::span<const OptionSpec> options = {};
};

std::unique_ptr<Sampler> make_ancestral_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_block_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_confidence_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_dream_entropy_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_dream_margin_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_dream_origin_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_dream_probability_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_entropy_bounded_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_entropy_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_factor_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_first_hitting_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_halton_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_klass_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_left_to_right_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_llada_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_locality_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_margin_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_mask_predict_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_random_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_remdm_cap_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_remdm_conf_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_remdm_loop_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_remdm_rescale_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_second_order_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_tempered_sampler(const SamplerOptions& options);
std::unique_ptr<Sampler> make_threshold_sampler(const SamplerOptions& options);

/// Every sampler, one row each.
std::span<const SamplerEntry> sampler_registry();

/// What every sampler has besides the options of its row: `block`, the length of the blocks that are filled one after
/// another (0 = the whole canvas at once).
std::span<const OptionSpec> common_sampler_options();

/// Throws std::invalid_argument listing the names when there is none called `name`.
const SamplerEntry& find_sampler(std::string_view name);

/// Whether this sampler knows an option of this name.
bool has_option(const SamplerEntry& entry, std::string_view option);

/// Throws std::invalid_argument listing the names there are when there is no such sampler or it has no such option,
/// and naming the range of a value outside it.
std::unique_ptr<Sampler> make_sampler(std::string_view name, const SamplerOptions& options = {});

/// A sampler that fills blocks of `length` positions one after another, each with `inside` and its share of the steps
/// (semi-autoregressive: LLaDA, BD3-LM). Blocks are counted from the first masked position of a span.
std::unique_ptr<Sampler> in_blocks(std::unique_ptr<Sampler> inside, int length);

}  // namespace lacuna::samplers
