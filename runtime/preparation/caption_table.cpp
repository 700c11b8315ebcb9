#include "runtime/preparation/caption_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "runtime/preparation/data_error.h"
#include "runtime/weights/mapped_file.h"
#include "runtime/weights/utf8.h"

namespace lacuna::preparation {
namespace {

using weights::in_quotes;

constexpr std::uint64_t kMaxBytes = std::uint64_t{2} << 30;
constexpr std::size_t kMaxRows = std::size_t{1} << 30;
constexpr std::array<std::string_view, 11> kColumns = {"file",  "label",    "split",  "weight",
                                                       "style", "keywords", "gloss",  "tier",
                                                       "set",   "tone",     "license"};
enum Column {
  kFile,
  kLabel,
  kSplit,
  kWeight,
  kStyle,
  kKeywords,
  kGloss,
  kTier,
  kSet,
  kTone,
  kLicense
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(trimmed(text));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  }
  return out;
}

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const auto end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

/// Where each known column stands; none for a column that the table lacks.
class Header {
 public:
  Header(std::string_view line, const std::filesystem::path& path) : path_(path) {
    const auto names = split_at(line, '\t');
    count_ = names.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto known = std::find(kColumns.begin(), kColumns.end(), trimmed(names[i]));
      if (known == kColumns.end()) continue;
      auto& place = places_[std::size_t(known - kColumns.begin())];
      if (place) throw DataError(path_, 1, *known, "this column stands there twice");
      place = i;
    }
    for (const Column required : {kFile, kLabel}) {
      if (!places_[required]) {
        throw DataError(path_, 1,
                        "the header has no column \"" + std::string(kColumns[required]) +
                            "\"; expected tab-separated names, file and label among them");
      }
    }
  }

  std::vector<std::string_view> cells(std::string_view line, std::size_t number) const {
    auto out = split_at(line, '\t');
    if (out.size() != count_) {
      throw DataError(path_, number,
                      "expected " + std::to_string(count_) +
                          " tab-separated columns as in the header, got " +
                          std::to_string(out.size()));
    }
    return out;
  }

  std::string_view get(const std::vector<std::string_view>& cells, Column column) const {
    return places_[column] ? trimmed(cells[*places_[column]]) : std::string_view{};
  }

 private:
  const std::filesystem::path& path_;
  std::size_t count_ = 0;
  std::array<std::optional<std::size_t>, kColumns.size()> places_;
};

std::string checked_file(std::string_view file, const std::filesystem::path& path,
                         std::size_t line) {
  if (file.empty()) throw DataError(path, line, "file", "expected a picture file, got nothing");
  const std::filesystem::path relative(file);
  const bool leaves =
      std::any_of(relative.begin(), relative.end(), [](const auto& part) { return part == ".."; });
  if (relative.is_absolute() || leaves || file.find('\0') != std::string_view::npos) {
    throw DataError(path, line, "file",
                    "expected a path inside the table's folder, got " + in_quotes(file));
  }
  return std::string(file);
}

float parse_weight(std::string_view text, const std::filesystem::path& path, std::size_t line) {
  if (text.empty()) return 1.0f;
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
      value < 0) {
    throw DataError(path, line, "weight", "expected a number of 0 or more, got " + in_quotes(text));
  }
  return value;
}

training::Split parse_split(std::string_view text, const std::filesystem::path& path,
                            std::size_t line) {
  if (text.empty()) return training::Split::train;
  const auto split = training::split_from_name(text);
  if (!split) {
    throw DataError(path, line, "split",
                    "expected train, val_cross or val_concept, got " + in_quotes(text));
  }
  return *split;
}

std::vector<std::string> parse_keywords(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view part : split_at(text, ',')) {
    std::string word = lower(part);
    const bool known = std::find(out.begin(), out.end(), word) != out.end();
    if (!word.empty() && !known) out.push_back(std::move(word));
  }
  return out;
}

}  // namespace

std::vector<CaptionRow> parse_caption_table(std::string_view text,
                                            const std::filesystem::path& path) {
  std::vector<CaptionRow> rows;
  std::optional<Header> header;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const auto bad = weights::find_invalid_utf8(line); bad != std::string_view::npos) {
      throw DataError(path, number,
                      "expected UTF-8, the byte after " + std::to_string(bad) + " others is not");
    }
    if (line.empty()) continue;
    if (!header) {
      header.emplace(line, path);
      continue;
    }
    const auto cells = header->cells(line, number);
    CaptionRow row;
    row.line = std::int32_t(number);
    row.file = checked_file(header->get(cells, kFile), path, number);
    row.label = lower(header->get(cells, kLabel));
    if (row.label.empty()) throw DataError(path, number, "label", "expected a name, got nothing");
    row.split = parse_split(header->get(cells, kSplit), path, number);
    row.weight = parse_weight(header->get(cells, kWeight), path, number);
    row.style = lower(header->get(cells, kStyle));
    row.keywords = parse_keywords(header->get(cells, kKeywords));
    row.gloss = lower(header->get(cells, kGloss));
    row.tier = std::string(header->get(cells, kTier));
    row.set = std::string(header->get(cells, kSet));
    row.tone = std::string(header->get(cells, kTone));
    row.license = std::string(header->get(cells, kLicense));
    rows.push_back(std::move(row));
    if (rows.size() > kMaxRows) throw DataError(path, number, "more rows than can be numbered");
  }
  if (!header) throw DataError(path, "expected a header line, the file is empty");
  return rows;
}

std::vector<CaptionRow> read_caption_table(const std::filesystem::path& path) {
  return parse_caption_table(weights::read_regular_file(path, kMaxBytes), path);
}

}  // namespace lacuna::preparation
