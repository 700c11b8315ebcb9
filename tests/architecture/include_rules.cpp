#include "tests/architecture/include_rules.h"

#include <algorithm>

namespace lacuna::architecture {
namespace {

// C headers that every platform has; all others need a row in external_groups().
bool is_standard(std::string_view header) {
  return header.find('/') == std::string_view::npos && header.find('.') == std::string_view::npos;
}

const FolderRule* rule_for(std::string_view path) {
  const FolderRule* best = nullptr;
  for (const FolderRule& rule : folder_rules()) {
    const bool matches =
        lies_in(path, rule.folder) || path.substr(0, path.rfind('.')) == rule.folder;
    if (matches && (best == nullptr || rule.folder.size() > best->folder.size())) {
      best = &rule;
    }
  }
  return best;
}

std::string_view group_of(std::string_view header) {
  for (const ExternalGroup& group : external_groups()) {
    for (const std::string_view prefix : group.prefixes) {
      if (header.starts_with(prefix)) return group.name;
    }
  }
  return {};
}

bool contains(const std::vector<std::string_view>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

// How many characters of the header the most exact of the entries covers; 0 for none. A folder
// covers what lies in it, an entry such as "runtime/weights/json" that one file.
std::size_t coverage(std::string_view header, const std::vector<std::string_view>& entries) {
  std::size_t best = 0;
  for (const std::string_view entry : entries) {
    if (lies_in(header, entry) || header.substr(0, header.rfind('.')) == entry) {
      best = std::max(best, entry.size());
    }
  }
  return best;
}

// The more exact of two entries wins, so that one part of a forbidden folder can be allowed.
bool allows_project_header(const FolderRule& rule, std::string_view header) {
  const std::size_t allowed =
      std::max(coverage(header, rule.project), coverage(header, {rule.folder}));
  return allowed > coverage(header, rule.forbidden);
}

}  // namespace

const std::vector<ExternalGroup>& external_groups() {
  static const std::vector<ExternalGroup> groups = {
      {"posix", {"sys/", "unistd.h", "fcntl.h", "signal.h", "pthread.h", "sched.h", "termios.h"}},
      {"intrinsics", {"immintrin.h", "cpuid.h", "arm_neon.h"}},
      {"sentencepiece", {"sentencepiece"}},
      {"pcre2", {"pcre2"}},
      {"utf8proc", {"utf8proc"}},
      {"stb", {"stb"}},
      {"zlib", {"zlib.h"}},
      {"opencv", {"opencv2/core", "opencv2/imgproc"}},
      {"dnnl", {"dnnl", "oneapi/dnnl"}},
      {"omp", {"omp.h"}},
      {"torch", {"torch/", "ATen/", "c10/", "caffe2/"}},
      {"vulkan", {"vulkan/", "volk.h"}},
      {"cli11", {"CLI/"}},
      {"gtest", {"gtest/", "gmock/"}},
  };
  return groups;
}

const std::vector<FolderRule>& folder_rules() {
  static const std::vector<FolderRule> rules = {
      // Tokenizer files are model files: read, written and complained about in the same way.
      {"text",
       {"runtime/weights/checkpoint_error", "runtime/weights/io_error", "runtime/weights/utf8",
        "runtime/weights/mapped_file", "runtime/weights/atomic_file", "runtime/weights/json",
        "runtime/weights/gguf"},
       {},
       {"sentencepiece", "pcre2", "utf8proc"}},
      {"fusion/graph", {}, {}, {}},
      {"fusion", {}, {"fusion/training"}, {}},
      // Reading config.json, and saying what is wrong with it.
      {"fusion/models",
       {"fusion", "runtime/weights/json", "runtime/weights/config_reader",
        "runtime/weights/checkpoint_error"},
       {"fusion/training"},
       {}},
      {"vision", {"fusion/graph", "runtime/weights"}, {}, {"stb", "zlib", "opencv", "posix"}},
      {"runtime/weights", {"fusion/graph"}, {}, {"posix"}},
      {"runtime/cpu", {"fusion/graph"}, {}, {"dnnl", "omp", "intrinsics", "posix"}},
      {"runtime/vulkan", {"fusion/graph"}, {}, {"vulkan"}},
      {"runtime/listed_device", {"fusion/graph"}, {}, {}},
      {"runtime/self_test", {"fusion/graph", "runtime/self_test_data"}, {}, {}},
      {"runtime/self_test_data", {"fusion/graph", "runtime/self_test"}, {}, {}},
      {"runtime/kernel_cache", {"runtime/weights"}, {}, {}},
      {"runtime/recovering_executor", {"fusion/graph"}, {}, {}},
      {"runtime/backend_registry",
       {"fusion/graph", "runtime/cpu", "runtime/vulkan_backend", "runtime/recovering_executor",
        "runtime/listed_device"},
       {},
       {}},
      {"runtime/checked_vulkan",
       {"fusion/graph", "runtime/cpu", "runtime/vulkan", "runtime/kernel_cache", "runtime/self_test",
        "runtime/tune_products"},
       {},
       {}},
      {"runtime/tune_products", {"fusion/graph", "runtime/vulkan"}, {}, {}},
      {"runtime/vulkan_backend",
       {"fusion/graph", "runtime/vulkan", "runtime/backend_registry", "runtime/checked_vulkan"},
       {},
       {}},
      {"runtime/preparation",
       {"text", "vision", "fusion", "runtime/weights", "runtime/generation",
        "fusion/training/shards"},
       {"fusion/training"},
       {"posix"}},
      // Models that lacuna-train made of text have their pieces beside them, as shards do.
      {"runtime/evaluation",
       {"text", "vision", "fusion", "runtime/weights", "runtime/samplers", "runtime/generation",
        "runtime/preparation", "fusion/training/shards/piece_table"},
       {"fusion/training"},
       {"posix"}},
      {"runtime/laboratory",
       {"text", "vision", "fusion", "runtime/weights", "runtime/samplers", "runtime/generation",
        "runtime/evaluation"},
       {"fusion/training"},
       {}},
      {"runtime/samplers", {"fusion"}, {"fusion/training"}, {}},
      {"runtime/generation",
       {"text", "vision", "fusion", "runtime/weights", "runtime/samplers"},
       {"fusion/training"},
       {"posix"}},
      {"fusion/training",
       {"fusion", "vision", "runtime/weights", "runtime/samplers",
        "runtime/generation/denoise_loop", "runtime/generation/denoiser", "runtime/generation/uniform_noise", "runtime/cpu/draw"},
       {},
       {"torch", "posix"}},
      // Written where pictures are tokenised, read where libtorch is: no libtorch in here.
      {"fusion/training/shards",
       {"fusion/graph", "fusion", "runtime/weights"},
       {"fusion/training"},
       {"posix"}},
      {"tools",
       {"text", "vision", "fusion", "runtime", "tools", "fusion/training/shards"},
       {"fusion/training"},
       {"cli11", "posix", "omp", "dnnl", "stb", "opencv", "intrinsics"}},
      // The yardstick of the benchmarks, a program of its own.
      {"tools/bench/torch_forward", {"tools/bench"}, {}, {"torch"}},
      {"tools/bench/torch_reference", {"tools/bench"}, {}, {"torch"}},
      {"tests",
       {"text", "vision", "fusion", "runtime", "tools", "tests"},
       {},
       {"gtest", "cli11", "posix", "omp", "dnnl", "stb", "zlib", "opencv", "torch"}},
      {"tests/text", {"text", "runtime/weights", "tests"}, {}, {"gtest", "sentencepiece", "posix"}},
  };
  return rules;
}

std::vector<std::string> include_violations(const SourceFile& file) {
  std::vector<std::string> violations;
  const FolderRule* rule = rule_for(file.path);
  if (rule == nullptr) {
    violations.push_back(file.path + ": its folder has no row in folder_rules()");
    return violations;
  }
  for (const Include& include : file.includes) {
    const std::string where = file.path + ":" + std::to_string(include.line) + ": ";
    if (include.quoted) {
      if (!allows_project_header(*rule, include.header)) {
        violations.push_back(where + "a file of " + std::string(rule->folder) +
                             " may not include \"" + include.header + "\"");
      }
      continue;
    }
    if (is_standard(include.header)) continue;
    const std::string_view group = group_of(include.header);
    if (group.empty()) {
      violations.push_back(where + "<" + include.header + "> has no row in external_groups()");
    } else if (!contains(rule->externals, group)) {
      violations.push_back(where + "a file of " + std::string(rule->folder) + " may not include <" +
                           include.header + "> (" + std::string(group) + ")");
    }
  }
  return violations;
}

}  // namespace lacuna::architecture
