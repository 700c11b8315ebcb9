#include "fusion/models/mmada_layout.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lacuna::fusion {
namespace {

using Ids = std::vector<std::int32_t>;

/// BOS text EOS; a begin that is there already is not doubled, and an empty text has one of its own.
Ids framed(const MmadaTokens& t, std::span<const std::int32_t> text) {
  Ids ids;
  if (text.empty() || text.front() != t.begin_of_text) ids.push_back(t.begin_of_text);
  ids.insert(ids.end(), text.begin(), text.end());
  ids.push_back(t.end_of_text);
  return ids;
}

/// At most `length` ids of which the last stays an EOS, filled up with EOS.
Ids fitted(const MmadaTokens& t, Ids ids, int length) {
  if (ids.size() > std::size_t(length)) ids[std::size_t(length) - 1] = t.end_of_text;
  ids.resize(std::size_t(length), t.end_of_text);
  return ids;
}

/// Number of ids up to and including the last end of a header, 0 when there is none.
std::size_t header_end(const MmadaTokens& t, std::span<const std::int32_t> ids) {
  const auto last = std::find(ids.rbegin(), ids.rend(), t.end_header);
  return std::size_t(ids.rend() - last);
}

void append(Ids& ids, std::span<const std::int32_t> more) { ids.insert(ids.end(), more.begin(), more.end()); }

}  // namespace

MmadaTokens MmadaTokens::from_reserved(std::int32_t first_reserved) {
  MmadaTokens t;
  t.begin_image = first_reserved;
  t.end_image = first_reserved + 1;
  t.text_to_image = first_reserved + 4;
  t.understand = first_reserved + 5;
  t.pad = first_reserved + 9;
  t.reason_to_image = first_reserved + 10;
  return t;
}

MmadaRow mmada_row(const MmadaTokens& t, MmadaTask task, std::span<const std::int32_t> text,
                   std::span<const std::int32_t> image, int text_length) {
  if (text_length < 2) {
    throw std::invalid_argument("[mmada] expected a text length of at least 2, got " + std::to_string(text_length));
  }
  const auto length = std::size_t(text_length);
  const std::size_t total = length + image.size() + 3;
  Ids words = framed(t, text);
  MmadaRow row;
  row.validity.assign(total, 1);
  row.prompt.assign(total, 0);
  const auto mark_prompt = [&](std::size_t begin, std::size_t end) {
    std::fill(row.prompt.begin() + std::ptrdiff_t(begin), row.prompt.begin() + std::ptrdiff_t(end), std::uint8_t(1));
  };
  const auto picture = [&] {
    row.ids.push_back(t.begin_image);
    append(row.ids, image);
    row.ids.push_back(t.end_image);
  };
  switch (task) {
    case MmadaTask::text_to_image: {
      words.insert(words.begin(), t.text_to_image);
      if (words.size() > length + 1) words = fitted(t, std::move(words), text_length + 1);
      row.ids.assign(length + 1 - words.size(), t.pad);
      std::fill_n(row.validity.begin(), row.ids.size(), std::uint8_t(0));
      append(row.ids, words);
      picture();
      break;
    }
    case MmadaTask::understand:
      row.ids.push_back(t.understand);
      picture();
      words = fitted(t, std::move(words), text_length);
      mark_prompt(0, row.ids.size() + header_end(t, words));
      append(row.ids, words);
      break;
    case MmadaTask::text:
    case MmadaTask::chat:
      words.resize(total, t.end_of_text);
      if (task == MmadaTask::chat) mark_prompt(0, header_end(t, words));
      row.ids = std::move(words);
      break;
    case MmadaTask::reason_to_image: {
      words = fitted(t, std::move(words), text_length);
      const std::size_t head = header_end(t, words);
      row.ids.push_back(t.reason_to_image);
      append(row.ids, words);
      picture();
      mark_prompt(0, 1 + (head == 0 ? length : head));
      mark_prompt(length + 1, length + 2);
      mark_prompt(total - 1, total);
      break;
    }
  }
  row.labels = row.ids;
  for (std::size_t i = 0; i < total; ++i) {
    const bool picture_given = task == MmadaTask::understand && i < image.size() + 3;
    if (row.validity[i] == 0 || picture_given) row.labels[i] = kNoLabel;
  }
  return row;
}

}  // namespace lacuna::fusion
