#include "runtime/preparation/attribution.h"

#include <string>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::preparation {
namespace {

constexpr const char* kFileName = "ATTRIBUTION.md";
constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;

std::string or_unnamed(const std::string& text) { return text.empty() ? "(not given)" : text; }

}  // namespace

void write_attribution(const std::filesystem::path& data, const std::filesystem::path& output,
                       const PrepareReport& report) {
  std::string text;
  if (std::filesystem::exists(data / kFileName)) {
    text = weights::read_regular_file(data / kFileName, kMaxBytes);
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += '\n';
  }
  text += "## Pictures in these shards\n\n| set | licence | pictures |\n| --- | --- | --- |\n";
  for (const auto& [key, count] : report.licenses) {
    text += "| " + or_unnamed(key.first) + " | " + or_unnamed(key.second) + " | " +
            std::to_string(count) + " |\n";
  }
  weights::write_file_atomic(output / kFileName, text);
}

}  // namespace lacuna::preparation
