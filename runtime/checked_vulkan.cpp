#include "runtime/checked_vulkan.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>
#include <set>

#include "runtime/cpu/reference_executor.h"
#include "runtime/kernel_cache.h"
#include "runtime/tune_products.h"
#include "runtime/vulkan/shader_library.h"

namespace lacuna::runtime {
namespace {

std::uint64_t kernels_version() {
  std::uint64_t sum = checksum(nullptr, 0);
  for (const vulkan::Shader& shader : vulkan::shader_library()) {
    sum = checksum(shader.words.data(), shader.words.size_bytes(), sum);
  }
  return sum;
}

/// One file for each device and what is asked of it, whatever its driver.
std::filesystem::path file_for(const CheckedVulkanOptions& options) {
  const std::string device = options.device_name + '\n' + std::to_string(int(options.engine.kernels)) + '\n' +
                             std::to_string(int(options.engine.precision));
  char name[40];
  std::snprintf(name, sizeof name, "vulkan-%016llx.kernels",
                static_cast<unsigned long long>(checksum(device.data(), device.size())));
  return options.cache_folder / name;
}

constexpr const char* kTuned = "tuned";  // among the parts of a verdict

bool uses_tiles(const std::string& part, const vulkan::KernelChoice& kernels) {
  if (part == "codes") return kernels.codes >= vulkan::CodesKernel::tiles;
  if (part.starts_with("halves")) return kernels.halves != vulkan::HalvesKernel::none;
  const auto use = vulkan::kernel_use_named(part);
  return use && (part.starts_with("product ") || part.starts_with("convolution ")) && kernel_name(kernels, *use) == "tiles";
}

/// Of a part, the name that kernel_use_named() knows: attention with heads of any size shares one, products in f16 of weights
/// stored in any way, and norms, draws and nearest codes, which a subgroup computes for each row.
std::string use_of(const std::string& part) {
  const std::size_t space = part.find(' ');
  const std::string kind = part.substr(0, space);
  if (kind == "draw" || kind == "nearest") return "norm";
  return kind == "attention" || kind == "norm" || kind == "halves" ? kind : part;
}

void add_lines(std::string_view text, TestParts& parts) {
  while (text.find('\n') != std::string_view::npos) {
    parts.emplace(text.substr(0, text.find('\n')));
    text.remove_prefix(text.find('\n') + 1);
  }
}

}  // namespace

CheckedVulkan::CheckedVulkan(const CheckedVulkanOptions& options) : warn_(options.on_warning), tune_(options.tune) {
  std::optional<KernelCache> kept;
  if (!options.cache_folder.empty()) {
    file_ = file_for(options);
    try {
      kept = read_kernel_cache(file_);
    } catch (const std::exception& error) {
      warn(error.what());
    }
  }
  vulkan::VulkanOptions chosen = options.engine;
  if (kept) chosen.pipeline_cache = kept->compiled;
  engine_ = std::make_unique<vulkan::VulkanExecutor>(chosen);
  if (!kept) return;
  kept_bytes_ = kept->compiled.size();
  if (kept->version != kernels_version()) return;  // a newer Lacuna, with other kernels
  if (accept(kept->checked)) {
    kept_verdict_ = kept->checked;
  } else {
    warn(device_line() + " has another driver than last time; its kernels are checked again");
  }
}

CheckedVulkan::~CheckedVulkan() { save(); }

void CheckedVulkan::warn(const std::string& line) const {
  if (warn_) warn_(line);
}

std::string CheckedVulkan::device_line() const {
  const vulkan::DeviceInfo& d = engine_->device();
  return "the device vulkan:" + std::to_string(d.index) + " (" + d.name + ", " + d.driver + ")";
}

/// What a verdict holds for: a driver, and what is asked of the engine.
std::string CheckedVulkan::identity() const {
  const vulkan::DeviceInfo& d = engine_->device();
  return d.driver + " | " + std::to_string(d.driver_version) + " | " + d.api_version + '\n';
}

/// The identity, the kernels as to_text() gives them, an empty line, and a line for each part that was checked.
std::string CheckedVulkan::verdict() const {
  std::string text = identity() + to_text(engine_->kernels()) + '\n';
  for (const std::string& part : checked_) text += part + '\n';
  return text;
}

/// False where the verdict is not one for this driver.
bool CheckedVulkan::accept(std::string_view verdict) {
  const std::string now = identity();
  if (!verdict.starts_with(now)) return false;
  verdict.remove_prefix(now.size());
  const std::size_t end = verdict.find("\n\n");
  if (end == std::string_view::npos) return false;
  auto choice = vulkan::choice_from_text(verdict.substr(0, end + 1));
  if (!choice) return false;
  choice->codes_of = engine_->kernels().codes_of;  // not the device's matter
  engine_->use(*choice);
  add_lines(verdict.substr(end + 2), checked_);
  return true;
}

std::unique_ptr<graph::Plan> CheckedVulkan::prepare(const graph::Graph& graph,
                                                    std::shared_ptr<const graph::WeightSource> weights) {
  const std::scoped_lock lock(mutex_);
  if (weights) {
    const TestParts parts = with_narrow_parts(test_parts_of(graph, *weights));
    check(parts);
    const bool products = std::ranges::any_of(parts, [](const std::string& part) { return part.starts_with("product "); });
    if (products && wants_tuning()) {
      tune();
      check(parts);
    }
  }
  return engine_->prepare(graph, std::move(weights));
}

bool CheckedVulkan::wants_tuning() const {
  if (tune_ == Tune::gpus && engine_->device().type == vulkan::DeviceType::cpu) return false;
  return engine_->kernels().product(graph::DType::f16) == vulkan::ProductKernel::tiles && !checked_.contains(kTuned);
}

void CheckedVulkan::tune() {
  constexpr double kBudget = 0.3;
  check({"product f16"});
  const vulkan::KernelChoice before = engine_->kernels();
  const Tuning tuning = tune_products(*engine_, kBudget);
  tune_seconds_ += tuning.seconds;
  engine_->use(tuning.kernels);
  if (tuning.kernels.products != before.products) {
    // Faster, but not believed yet; where they are wrong, what was there stays.
    TestParts products;
    for (const graph::DType stored : vulkan::kStoredTypes) products.insert("product " + std::string(name_of(stored)));
    cpu::ReferenceExecutor reference;
    if (!wrong_parts(products, reference).empty()) {
      vulkan::KernelChoice kept = tuning.kernels;
      kept.products = before.products;
      engine_->use(kept);
    }
  }
  if (tuning.kernels.halves != before.halves) {
    std::erase_if(checked_, [](const std::string& part) { return part.starts_with("halves"); });
  }
  checked_.insert(kTuned);
  save();
}

TestParts CheckedVulkan::with_narrow_parts(TestParts parts) const {
  const bool products = std::ranges::any_of(parts, [](const std::string& part) { return part.starts_with("product "); });
  if (products && engine_->kernels().codes != vulkan::CodesKernel::none) parts.insert("codes");
  if (products && engine_->kernels().halves != vulkan::HalvesKernel::none) parts.insert("halves");
  if (engine_->kernels().halves != vulkan::HalvesKernel::cooperative) return parts;
  for (const char* stored : {"i8", "q8_0", "q4_0", "q4_1"}) {  // widened by kernels of their own
    if (parts.contains(std::string("product ") + stored)) parts.insert(std::string("halves ") + stored);
  }
  return parts;
}

/// Products are tried in f32 first, and then in what large ones are computed in.
std::vector<FailingPart> CheckedVulkan::wrong_parts(const TestParts& parts, graph::Executor& reference) {
  const vulkan::KernelChoice choice = engine_->kernels();
  std::vector<FailingPart> wrong;
  const auto add = [&](vulkan::KernelChoice kernels, const TestParts& some, Arithmetic arithmetic) {
    if (some.empty()) return;
    const bool matrices = some.begin()->starts_with("halves") && kernels.halves == vulkan::HalvesKernel::cooperative;
    const bool has_wide = (matrices ? kernels.wide_matrix_rows : kernels.wide_rows) != vulkan::KernelChoice::kNeverWide;
    vulkan::KernelChoice wide = kernels;
    kernels.wide_rows = kernels.wide_matrix_rows = vulkan::KernelChoice::kNeverWide;
    engine_->use(kernels);
    const auto more = failing_parts(*engine_, reference, some, arithmetic);
    wrong.insert(wrong.end(), more.begin(), more.end());
    // The same in wide tiles, which small products do not have.
    TestParts in_tiles;
    std::ranges::copy_if(some, std::inserter(in_tiles, in_tiles.end()), [&](const std::string& part) { return uses_tiles(part, kernels); });
    if (!has_wide || in_tiles.empty()) return;
    wide.wide_rows = wide.wide_columns = wide.wide_matrix_rows = wide.wide_matrix_columns = 1;
    engine_->use(wide);
    for (const FailingPart& part : failing_parts(*engine_, reference, in_tiles, arithmetic)) {
      const bool known = std::ranges::any_of(more, [&](const FailingPart& other) { return other.part == part.part; });
      if (!known) wrong.push_back({matrices ? "wide matrices" : "wide tiles", part.part + ", " + part.detail});
    }
  };
  TestParts in_f32 = parts;
  vulkan::KernelChoice wide = choice;
  wide.codes = vulkan::CodesKernel::none;
  wide.halves = vulkan::HalvesKernel::none;
  const bool codes = in_f32.erase("codes") > 0;
  TestParts halves;
  std::erase_if(in_f32, [&](const std::string& part) {
    const bool is_half = part.starts_with("halves");
    // Simpler kernels have all weights in f16.
    if (is_half && (part == "halves" || choice.halves == vulkan::HalvesKernel::cooperative)) halves.insert(part);
    return is_half;
  });
  try {
    add(wide, in_f32, Arithmetic::f32);
    if (codes) add(choice, {"codes"}, Arithmetic::int8);
    add(choice, halves, Arithmetic::half);
  } catch (...) {
    engine_->use(choice);
    throw;
  }
  engine_->use(choice);
  return wrong;
}

void CheckedVulkan::check(const TestParts& parts) {
  TestParts open;
  std::ranges::set_difference(parts, checked_, std::inserter(open, open.end()));
  if (open.empty()) return;
  cpu::ReferenceExecutor reference;
  // Every round replaces a kernel, and there are few.
  for (;;) {
    const std::vector<FailingPart> failing = wrong_parts(open, reference);
    if (failing.empty()) break;
    vulkan::KernelChoice choice = engine_->kernels();
    std::set<std::string> seen;
    bool replaced = false;
    for (const FailingPart& part : failing) {
      const auto use = vulkan::kernel_use_named(use_of(part.part));
      if ((part.part == "draw" || part.part == "nearest") && failing.size() > 1) continue;  // it is what its product is
      if (use && seen.insert(use_of(part.part)).second) replaced = replace(part, choice) || replaced;
    }
    if (!replaced) {
      throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                               device_line() + " computes wrongly: " + failing.front().part + " (" + failing.front().detail +
                                   "); a newer driver may help");
    }
    engine_->use(choice);
    // What was right with the kernels so far may be wrong with others.
    for (const std::string& use : seen) std::erase_if(checked_, [&](const std::string& part) {
      return use_of(part) == use && open.insert(part).second;
    });
  }
  checked_.merge(TestParts(open));
  checked_now_.merge(open);
  save();
}

/// Whether there was something simpler for the part.
bool CheckedVulkan::replace(const FailingPart& part, vulkan::KernelChoice& choice) const {
  const auto use = *vulkan::kernel_use_named(use_of(part.part));
  const std::string wrong = kernel_name(choice, use);
  if (!step_down(choice, use, engine_->device())) return false;
  warn(device_line() + " computes wrongly with the kernel \"" + wrong + "\" of " + part.part + " (" + part.detail +
       "); \"" + kernel_name(choice, use) + "\" is used instead");
  return true;
}

/// Another process may have checked more parts of the same kernels in the meantime.
void CheckedVulkan::adopt_found_by_others() {
  std::optional<KernelCache> there;
  try {
    there = read_kernel_cache(file_);
  } catch (const std::exception&) {
    return;  // broken: it was said when the engine was opened, or is about to be written anew
  }
  const std::string mine = identity() + to_text(engine_->kernels()) + '\n';
  if (!there || there->version != kernels_version() || !there->checked.starts_with(mine)) return;
  add_lines(std::string_view(there->checked).substr(mine.size()), checked_);
}

/// Where there is more to keep than before.
void CheckedVulkan::save() noexcept {
  if (file_.empty()) return;
  try {
    adopt_found_by_others();
    KernelCache cache{kernels_version(), verdict(), engine_->pipeline_cache()};
    if (cache.checked == kept_verdict_ && cache.compiled.size() == kept_bytes_) return;
    write_kernel_cache(file_, cache);
    kept_bytes_ = cache.compiled.size();
    kept_verdict_ = cache.checked;
  } catch (const std::exception& error) {
    file_.clear();
    try {
      warn(std::string("compiled kernels are not kept: ") + error.what());
    } catch (...) {  // a warning that cannot be given is let go
    }
  }
}

}  // namespace lacuna::runtime
