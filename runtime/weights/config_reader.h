#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/weights/json.h"

namespace lacuna::weights {

/// Reads one object of a configuration file field by field, each with its range, and refuses fields
/// that nobody asked for. Every complaint names the file, the field, what was expected and what was
/// there:
///   config.json: field "hidden_size": expected an integer in [1, 65536], got "abc"
///
///   ConfigReader config(json, path);
///   options.width = config.integer("hidden_size", 1, 65536);
///   options.bias = config.boolean_or("include_bias", false);
///   config.finish();
///
/// All functions throw CheckpointError. A field that is null counts as absent for the `_or` forms.
/// Refers to the Json it was given, which must outlive it.
class ConfigReader {
 public:
  /// Throws when `object` is not an object.
  ConfigReader(const Json& object, std::filesystem::path file);
  ConfigReader(Json&& object, std::filesystem::path file) = delete;

  /// Whether the field is there and not null. Does not mark it as known.
  bool has(std::string_view key) const;

  /// In [min, max], both included.
  std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::int64_t integer_or(std::string_view key, std::int64_t otherwise, std::int64_t min,
                          std::int64_t max);
  /// A finite number in [min, max], both included; integers are numbers.
  double number(std::string_view key, double min, double max);
  double number_or(std::string_view key, double otherwise, double min, double max);
  bool boolean(std::string_view key);
  bool boolean_or(std::string_view key, bool otherwise);
  std::string string(std::string_view key);
  std::string string_or(std::string_view key, std::string_view otherwise);
  /// One of `names`.
  std::string one_of(std::string_view key, std::initializer_list<std::string_view> names);
  std::string one_of_or(std::string_view key, std::string_view otherwise,
                        std::initializer_list<std::string_view> names);
  /// Arrays of at most `max_size` elements.
  std::vector<std::string> strings(std::string_view key, std::size_t max_size = 100'000);
  std::vector<std::string> strings_or(std::string_view key, std::vector<std::string> otherwise,
                                      std::size_t max_size = 100'000);
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t min, std::int64_t max,
                                     std::size_t max_size = 4096);
  std::vector<std::int64_t> integers_or(std::string_view key, std::vector<std::int64_t> otherwise,
                                        std::int64_t min, std::int64_t max,
                                        std::size_t max_size = 4096);
  std::vector<double> numbers(std::string_view key, double min, double max,
                              std::size_t max_size = 4096);

  /// A nested object, whose fields are called "key.field" in messages; `finish` it on its own.
  ConfigReader section(std::string_view key);
  std::optional<ConfigReader> section_if(std::string_view key);

  /// Names fields that may be there and mean nothing here (`architectures`, `transformers_version`,
  /// ...).
  void ignore(std::initializer_list<std::string_view> keys);

  /// Throws when the object has a field that was neither read nor ignored; the message lists the
  /// known ones.
  void finish() const;

  /// Throws a complaint about `key` in this class's form, for checks that span fields.
  [[noreturn]] void fail(std::string_view key, std::string_view message) const;

 private:
  ConfigReader(const Json& object, std::filesystem::path file, std::string prefix);
  const Json* lookup(std::string_view key);
  const Json& require(std::string_view key, std::string_view expected);
  [[noreturn]] void expected(std::string_view key, std::string_view what, const Json& got) const;

  const Json* object_;
  std::filesystem::path file_;
  std::string prefix_;
  std::vector<std::string> known_;
};

}  // namespace lacuna::weights
