#include "tools/lacuna/failure.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <new>

#include "fusion/graph/cancel.h"
#include "fusion/graph/executor.h"
#include "runtime/preparation/data_error.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json.h"
#include "tools/lacuna/interrupt.h"
#include "vision/image_error.h"

namespace lacuna::tools {
namespace {

ExitCode code_of(const vision::ImageError& error) {
  switch (error.kind()) {
    case vision::ImageError::Kind::not_found:
      return kMissingFile;
    case vision::ImageError::Kind::unreadable:
      return kInputOutput;
    default:
      return kBadData;
  }
}

ExitCode code_of_errno(int error) {
  if (error == ENOMEM) return kUnavailable;  // a limit on the address space: a model cannot be mapped
  return error == ENOENT || error == ENOTDIR ? kMissingFile : kInputOutput;
}

}  // namespace

Failure bad_flag(const std::string& flag, const std::string& expected, const std::string& got) {
  return Failure(kBadValue, flag + ": expected " + expected + ", got " + got);
}

std::string without_function(const std::string& message) {
  const std::size_t end = message.find("] ");
  return message.starts_with('[') && end != std::string::npos ? message.substr(end + 2) : message;
}

Report report_of(const std::exception& error) {
  if (const auto* e = dynamic_cast<const Failure*>(&error)) return {e->code(), e->what()};
  if (const auto* e = dynamic_cast<const vision::ImageError*>(&error))
    return {code_of(*e), e->what()};
  if (const auto* e = dynamic_cast<const weights::IoError*>(&error))
    return {code_of_errno(e->error()), e->what()};
  if (dynamic_cast<const weights::CheckpointError*>(&error)) return {kBadData, error.what()};
  if (dynamic_cast<const weights::JsonError*>(&error)) return {kBadData, error.what()};
  if (dynamic_cast<const preparation::DataError*>(&error)) return {kBadData, error.what()};
  if (dynamic_cast<const graph::Cancelled*>(&error)) {
    return {interrupt_signal() == SIGTERM ? kTerminated : kInterrupted, "stopped; what was not finished was not written"};
  }
  if (dynamic_cast<const graph::DeviceError*>(&error)) return {kUnavailable, error.what()};
  if (dynamic_cast<const std::bad_alloc*>(&error)) {
    return {kUnavailable,
            "out of memory; close other programs or use fewer pictures at once (--batch-count)"};
  }
  if (const auto* e = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    const std::string path = e->path1().empty() ? "" : e->path1().string() + ": ";
    return {code_of_errno(e->code().value()), path + e->code().message()};
  }
  if (dynamic_cast<const std::invalid_argument*>(&error))
    return {kBadValue, without_function(error.what())};
  return {kInternalError, std::string("internal error: ") + error.what()};
}

}  // namespace lacuna::tools
