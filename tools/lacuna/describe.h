#pragma once

#include <filesystem>
#include <string>

#include "runtime/weights/json.h"

/// What `lacuna info` tells, as JSON objects whose keys are also the labels of the table.
namespace lacuna::tools {

/// A model folder: architecture, sizes, vocabulary, weights, licence, memory.
weights::Json describe_model(const std::filesystem::path& folder);
/// An image tokenizer's folder.
weights::Json describe_image_tokenizer(const std::filesystem::path& folder);
/// A checkpoint without a configuration: a safetensors file, an index or a folder of shards.
weights::Json describe_checkpoint(const std::filesystem::path& path);
/// A picture, with the settings in it when lacuna drew it.
weights::Json describe_picture(const std::filesystem::path& path);

/// Whichever of the above `what` is: a path or the name of a model. Throws Failure and what reading
/// throws.
weights::Json describe(const std::string& what);

/// An object as "key   value" lines, nested ones indented.
std::string table_of(const weights::Json& object);

}  // namespace lacuna::tools
