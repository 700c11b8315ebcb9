#pragma once

#include <string_view>

namespace lacuna::graph {

/// What a WeightSource may be as well: one whose bytes lie in mapped files.
class PageRelease {
 public:
  virtual ~PageRelease() = default;
  /// Said by an engine that has made its own copy of a weight: the system may take back the memory that reading the
  /// bytes has filled. They can be read again. Without effect for unknown names.
  virtual void release_pages(std::string_view name) const = 0;
};

}  // namespace lacuna::graph
