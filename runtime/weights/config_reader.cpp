#include "runtime/weights/config_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

std::string integer_range(std::int64_t min, std::int64_t max) {
  return "an integer in [" + std::to_string(min) + ", " + std::to_string(max) + "]";
}

std::string number_range(double min, double max) {
  const auto text = [](double value) {
    return std::isfinite(value) ? Json(value).dump() : std::string(value < 0 ? "-inf" : "inf");
  };
  return "a number in [" + text(min) + ", " + text(max) + "]";
}

std::string choices(std::initializer_list<std::string_view> names) {
  std::string out = "one of";
  const char* separator = " ";
  for (const std::string_view name : names) {
    out += separator + in_quotes(name);
    separator = ", ";
  }
  return out;
}

bool integer_fits(const Json& value, std::int64_t min, std::int64_t max) {
  return value.is_integer() && value.as_integer() >= min && value.as_integer() <= max;
}

bool number_fits(const Json& value, double min, double max) {
  return value.is_number() && std::isfinite(value.as_number()) && value.as_number() >= min &&
         value.as_number() <= max;
}

}  // namespace

ConfigReader::ConfigReader(const Json& object, std::filesystem::path file)
    : ConfigReader(object, std::move(file), "") {}

ConfigReader::ConfigReader(const Json& object, std::filesystem::path file, std::string prefix)
    : object_(&object), file_(std::move(file)), prefix_(std::move(prefix)) {
  if (!object.is_object()) {
    throw CheckpointError(file_, "expected an object, got " + object.describe());
  }
}

void ConfigReader::fail(std::string_view key, std::string_view message) const {
  throw CheckpointError(
      file_, "field " + in_quotes(prefix_ + std::string(key), 200) + ": " + std::string(message));
}

void ConfigReader::expected(std::string_view key, std::string_view what, const Json& got) const {
  fail(key, "expected " + std::string(what) + ", got " + got.describe());
}

bool ConfigReader::has(std::string_view key) const {
  const Json* value = object_->find(key);
  return value != nullptr && !value->is_null();
}

const Json* ConfigReader::lookup(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const Json* value = object_->find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const Json& ConfigReader::require(std::string_view key, std::string_view expected) {
  if (const Json* value = lookup(key)) return *value;
  fail(key, "expected " + std::string(expected) + ", got nothing");
}

std::int64_t ConfigReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const Json& value = require(key, integer_range(min, max));
  if (!integer_fits(value, min, max)) expected(key, integer_range(min, max), value);
  return value.as_integer();
}

std::int64_t ConfigReader::integer_or(std::string_view key, std::int64_t otherwise,
                                      std::int64_t min, std::int64_t max) {
  return lookup(key) == nullptr ? otherwise : integer(key, min, max);
}

double ConfigReader::number(std::string_view key, double min, double max) {
  const Json& value = require(key, number_range(min, max));
  if (!number_fits(value, min, max)) expected(key, number_range(min, max), value);
  return value.as_number();
}

double ConfigReader::number_or(std::string_view key, double otherwise, double min, double max) {
  return lookup(key) == nullptr ? otherwise : number(key, min, max);
}

bool ConfigReader::boolean(std::string_view key) {
  const Json& value = require(key, "true or false");
  if (!value.is_boolean()) expected(key, "true or false", value);
  return value.as_boolean();
}

bool ConfigReader::boolean_or(std::string_view key, bool otherwise) {
  return lookup(key) == nullptr ? otherwise : boolean(key);
}

std::string ConfigReader::string(std::string_view key) {
  const Json& value = require(key, "a string");
  if (!value.is_string()) expected(key, "a string", value);
  return value.as_string();
}

std::string ConfigReader::string_or(std::string_view key, std::string_view otherwise) {
  return lookup(key) == nullptr ? std::string(otherwise) : string(key);
}

std::string ConfigReader::one_of(std::string_view key,
                                 std::initializer_list<std::string_view> names) {
  const Json& value = require(key, choices(names));
  if (!value.is_string() ||
      std::find(names.begin(), names.end(), value.as_string()) == names.end()) {
    expected(key, choices(names), value);
  }
  return value.as_string();
}

std::string ConfigReader::one_of_or(std::string_view key, std::string_view otherwise,
                                    std::initializer_list<std::string_view> names) {
  return lookup(key) == nullptr ? std::string(otherwise) : one_of(key, names);
}

std::vector<std::string> ConfigReader::strings(std::string_view key, std::size_t max_size) {
  const std::string what = "an array of at most " + std::to_string(max_size) + " strings";
  const Json& value = require(key, what);
  if (!value.is_array() || value.size() > max_size) expected(key, what, value);
  std::vector<std::string> out;
  for (const Json& element : value.as_array()) {
    if (!element.is_string()) expected(key, what, element);
    out.push_back(element.as_string());
  }
  return out;
}

std::vector<std::string> ConfigReader::strings_or(std::string_view key,
                                                  std::vector<std::string> otherwise,
                                                  std::size_t max_size) {
  return lookup(key) == nullptr ? otherwise : strings(key, max_size);
}

std::vector<std::int64_t> ConfigReader::integers(std::string_view key, std::int64_t min,
                                                 std::int64_t max, std::size_t max_size) {
  const std::string what = "an array of at most " + std::to_string(max_size) + " integers in [" +
                           std::to_string(min) + ", " + std::to_string(max) + "]";
  const Json& value = require(key, what);
  if (!value.is_array() || value.size() > max_size) expected(key, what, value);
  std::vector<std::int64_t> out;
  for (const Json& element : value.as_array()) {
    if (!integer_fits(element, min, max)) expected(key, what, element);
    out.push_back(element.as_integer());
  }
  return out;
}

std::vector<std::int64_t> ConfigReader::integers_or(std::string_view key,
                                                    std::vector<std::int64_t> otherwise,
                                                    std::int64_t min, std::int64_t max,
                                                    std::size_t max_size) {
  return lookup(key) == nullptr ? otherwise : integers(key, min, max, max_size);
}

std::vector<double> ConfigReader::numbers(std::string_view key, double min, double max,
                                          std::size_t max_size) {
  const std::string what = "an array of at most " + std::to_string(max_size) + " elements, each " +
                           number_range(min, max);
  const Json& value = require(key, what);
  if (!value.is_array() || value.size() > max_size) expected(key, what, value);
  std::vector<double> out;
  for (const Json& element : value.as_array()) {
    if (!number_fits(element, min, max)) expected(key, what, element);
    out.push_back(element.as_number());
  }
  return out;
}

ConfigReader ConfigReader::section(std::string_view key) {
  const Json& value = require(key, "an object");
  if (!value.is_object()) expected(key, "an object", value);
  return {value, file_, prefix_ + std::string(key) + "."};
}

std::optional<ConfigReader> ConfigReader::section_if(std::string_view key) {
  if (lookup(key) == nullptr) return std::nullopt;
  return section(key);
}

void ConfigReader::ignore(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) lookup(key);
}

void ConfigReader::finish() const {
  for (const JsonMember& member : object_->as_object()) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    std::vector<std::string> sorted = known_;
    std::sort(sorted.begin(), sorted.end());
    std::string list;
    for (const std::string& name : sorted) list += (list.empty() ? "" : ", ") + name;
    fail(member.key, "unknown field; known are: " + list);
  }
}

}  // namespace lacuna::weights
