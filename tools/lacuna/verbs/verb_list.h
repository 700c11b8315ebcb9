#pragma once

#include "tools/lacuna/verb.h"

/// One function a verb, each in a file of its own; the list that joins them is verb_list.cpp.
namespace lacuna::tools {

Action declare_caption(Options& options);
Action declare_generate(Options& options);
Action declare_infill(Options& options);
Action declare_extend(Options& options);
Action declare_complete(Options& options);
Action declare_chat(Options& options);
Action declare_import(Options& options);
Action declare_eval(Options& options);
Action declare_lab(Options& options);
Action declare_prepare(Options& options);
Action declare_quantize(Options& options);
Action declare_tokenizer_train(Options& options);
Action declare_info(Options& options);
Action declare_bench(Options& options);
Action declare_devices(Options& options);
Action declare_completion(Options& options);
Action declare_help(Options& options);
Action declare_version(Options& options);
ExitCode forward_to_trainer(const std::vector<std::string>& arguments);

/// What --list-devices prints.
void print_devices();

}  // namespace lacuna::tools
