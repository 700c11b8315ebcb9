#pragma once

namespace lacuna::tools {

/// What the process says to the shell; listed in the README and `lacuna help exit-codes`.
enum ExitCode : int {
  kOk = 0,
  kInternalError = 1,
  kUsage = 2,
  kBadValue = 64,
  kBadData = 65,
  kMissingFile = 66,
  kUnavailable = 69,  // device or memory
  kInputOutput = 74,  // also a full disk
  kTryAgain = 75,
  kInterrupted = 130,
  kTerminated = 143,
};

}  // namespace lacuna::tools
