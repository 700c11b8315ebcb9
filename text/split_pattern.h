#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::text {

/// A regular expression that cuts a text into pieces before BPE, as tokenizer.json writes them (Oniguruma's syntax).
/// Immutable; safe to use from several threads.
class SplitPattern {
 public:
  /// Longest expression that is taken.
  static constexpr std::size_t kMaxBytes = 4096;

  /// Throws std::invalid_argument with the reason and the place when `expression` is no usable expression.
  explicit SplitPattern(std::string_view expression);
  SplitPattern(SplitPattern&&) noexcept;
  SplitPattern& operator=(SplitPattern&&) noexcept;
  ~SplitPattern();

  /// An expression that matches `literal` alone.
  static std::string quoted(std::string_view literal);

  /// `text` (UTF-8) in pieces: every match that is not empty, and what lies between matches; together they are the
  /// text. The views point into `text`. Throws std::runtime_error when the expression needs unreasonable work.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

}  // namespace lacuna::text
