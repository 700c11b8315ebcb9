#include "fusion/training/token_stream.h"

#include <array>
#include <cstdio>
#include <stdexcept>

#include "fusion/training/shards/shard_set.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::training {
namespace {

constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 30;
constexpr std::size_t kFewestBytes = 200;
constexpr std::size_t kHeldOutLine = 10;

/// The file's lines with their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

}  // namespace

TokenStream TokenStream::from_text(const std::filesystem::path& file) {
  const std::string text = weights::read_regular_file(file, kMaxTextBytes);
  if (text.size() < kFewestBytes) {
    throw std::invalid_argument("[text] " + file.string() + ": expected at least " + std::to_string(kFewestBytes) +
                                " bytes of text, got " + std::to_string(text.size()));
  }
  std::array<std::int32_t, 256> ids{};
  std::array<bool, 256> occurs{};
  for (const char c : text) occurs[std::uint8_t(c)] = true;
  TokenStream stream;
  for (int byte = 0; byte < 256; ++byte) {
    if (!occurs[std::size_t(byte)]) continue;
    ids[std::size_t(byte)] = std::int32_t(stream.pieces.pieces.size());
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", byte);
    stream.pieces.pieces.emplace_back(piece);
  }
  stream.end_of_text = int(stream.pieces.pieces.size());
  stream.pieces.pieces.emplace_back("</s>");
  stream.pieces.controls = {stream.end_of_text};
  stream.vocabulary = stream.end_of_text + 1;
  const auto put = [&](std::vector<std::int32_t>& to, std::string_view part) {
    for (const char c : part) to.push_back(ids[std::uint8_t(c)]);
  };
  const auto lines = lines_of(text);
  if (lines.size() < 2 * kHeldOutLine) {
    const std::size_t cut = text.size() - text.size() / kHeldOutLine;
    put(stream.train, std::string_view(text).substr(0, cut));
    put(stream.held_out, std::string_view(text).substr(cut));
    return stream;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    put(i % kHeldOutLine == kHeldOutLine - 1 ? stream.held_out : stream.train, lines[i]);
  }
  return stream;
}

TokenStream TokenStream::from_shards(const std::filesystem::path& folder) {
  const ShardSet shards = ShardSet::open(folder);
  TokenStream stream;
  stream.vocabulary = shards.layout().text_vocabulary;
  stream.end_of_text = shards.layout().end_of_text;
  stream.pieces = shards.pieces();
  const auto put = [&](std::vector<std::int32_t>& to, Split split) {
    for (const std::int64_t record : shards.records_of(split)) {
      const auto caption = shards.caption(record, 0);
      to.insert(to.end(), caption.begin(), caption.end());
      to.push_back(stream.end_of_text);
    }
  };
  put(stream.train, Split::train);
  put(stream.held_out, Split::val_cross);
  if (stream.train.empty() || stream.held_out.empty()) {
    throw std::invalid_argument("[text] " + folder.string() + ": expected shards with records of train and val_cross");
  }
  return stream;
}

TokenStream TokenStream::open(const std::filesystem::path& path) {
  return std::filesystem::is_directory(path) ? from_shards(path) : from_text(path);
}

}  // namespace lacuna::training
