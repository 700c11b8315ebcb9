#include "tools/lacuna/verbs/verb_list.h"

#include <array>

namespace lacuna::tools {
namespace {

constexpr std::array kVerbs{
    Verb{"caption", "PICTURE... [options]", "Says in words what is on pictures",
         "lacuna caption photo.jpg\nlacuna caption *.png --json\nlacuna caption a.png --visual "
         "--n-best 5",
         declare_caption},
    Verb{"generate", "-p TEXT [options]", "Draws pictures from text",
         "lacuna generate -p \"3d emoji: goat\" -o goat.png --steps 16 --cfg-scale 3 --seed 7 "
         "--batch-count 4\n"
         "lacuna generate --from goat-1.png -o again.png",
         declare_generate},
    Verb{"infill", "[-i PICTURE] [--mask MASK] [-p TEXT | --text TEXT] [options]",
         "Fills masked parts of a picture and of its text; what is not masked stays byte for byte",
         "lacuna infill -i a.png --mask m.png -p \"3d emoji: goat\" -o b.png\n"
         "lacuna infill -i a.png --text \"a [MASK:4] on a red [MASK:2]\"",
         declare_infill},
    Verb{"extend", "-i PICTURE --to SIDES -p TEXT [options]", "Makes a picture larger and draws what is beside it",
         "lacuna extend -i a.png --to right,right -p \"a beach at night\" -o wide.png", declare_extend},
    Verb{"complete", "-p TEXT [options]", "Goes on with a text (models that write: LLaDA, MMaDA, Dream, Show-o)",
         "lacuna complete -m llada-q8 -p \"The capital of France is\" --length 32 --block-length 16", declare_complete},
    Verb{"chat", "-p TEXT [options]", "Answers a question (models that were trained on conversations)",
         "lacuna chat -m llada-q8 -p \"What is a lacuna?\" --length 64", declare_chat},
    Verb{"import", "FOLDER [--image-tokenizer FOLDER] -o FOLDER [options]",
         "Makes a model folder of a released LLaDA, MMaDA, Dream, Lumina-DiMOO or Show-o",
         "lacuna import ~/MMaDA-8B --image-tokenizer ~/magvitv2 -o mmada-q8 --type q8_0", declare_import},
    Verb{"eval", "[--suite NAME] [options]",
         "Measures a model on held-out pictures beside honest baselines",
         "lacuna eval --suite caption --split val_cross --json", declare_eval},
    Verb{"lab", "precision|order|control [options]",
         "Experiments on samplers whose right answers are known; see docs/laboratory.md",
         "lacuna lab precision --quick\nlacuna lab order -o results --json", declare_lab},
    Verb{"prepare", "--data FOLDER --tokenizer MODEL -o FOLDER [options]",
         "Turns pictures with captions into shards for lacuna-train",
         "lacuna prepare --data glyphs --tokenizer tokenizer.model --resolution 64 -o shards",
         declare_prepare},
    Verb{"tokenizer-train", "--input FILE -o tokenizer.model [options]",
         "Trains a text tokenizer on captions",
         "lacuna tokenizer-train --input captions.tsv --vocab-size 2048 -o tokenizer.model",
         declare_tokenizer_train},
    Verb{"quantize", "MODEL -o FOLDER [options]",
         "Writes a model with smaller weights, and says what they lose",
         "lacuna quantize glyphs -o glyphs-q4 --type q4_1", declare_quantize},
    Verb{"train", "vq|denoiser [options]",
         "Trains a model: runs lacuna-train, see lacuna train --help",
         "lacuna train denoiser --config run.toml", nullptr, forward_to_trainer},
    Verb{"info", "MODEL|PICTURE|CHECKPOINT [options]",
         "Says what a model, a checkpoint or a picture drawn by lacuna is", "lacuna info goat.png",
         declare_info},
    Verb{"bench", "[options]", "Measures how fast this machine is at the model's work",
         "lacuna bench --json", declare_bench},
    Verb{"devices", "[options]", "Lists the processor, memory and engines", "lacuna devices",
         declare_devices},
    Verb{"completion", "bash|zsh|fish", "Prints a completion script for a shell",
         "source <(lacuna completion bash)", declare_completion},
    Verb{"help", "[VERB|exit-codes|environment]", "Explains lacuna or one verb",
         "lacuna help infill", declare_help},
    Verb{"version", "[options]", "Prints the version", "lacuna version", declare_version},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

}  // namespace lacuna::tools
