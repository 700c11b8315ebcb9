#!/bin/sh
# usage: tools/data/train-shipped-model.sh [BIN [WORK [MODEL]]]
# Everything that made the shipped model, from the packages with the pictures to the folder MODEL.
#   BIN    folder with lacuna and lacuna-train   (default build/release/bin)
#   WORK   pictures, shards, checkpoints, 2.5 GB (default build/glyphs)
#   MODEL  where the model goes                  (default models/glyphs)
# Run it from the root of the repository. Started again it goes on where it was stopped. On two cores it takes
# about five hours, most of them for the denoiser; libtorch with CUDA makes that minutes.
set -eu

bin=${1:-build/release/bin}
work=${2:-build/glyphs}
model=${3:-models/glyphs}
here=$(dirname "$0")
inputs=${GLYPHS_INPUTS:-$work/glyphs/inputs}  # downloads

for program in "$bin/lacuna" "$bin/lacuna-train"; do
  if ! [ -x "$program" ]; then
    printf 'train-shipped-model: %s is not there: build it, or name the folder first\n' "$program" >&2
    exit 66
  fi
done
mkdir -p "$work"

say() { printf '\n== %s\n' "$*"; }

say 'Pictures and captions'
[ -f "$work/glyphs/captions.tsv" ] || "$here/build-glyphs" "$work/glyphs" --inputs "$inputs"
"$here/select-training-set" "$work/glyphs" "$work/emoji" --profile emoji
"$here/select-training-set" "$work/glyphs" "$work/small" --profile small

say 'Text tokenizer'
# Both wordings of every training picture: "style: label" and "label".
if ! [ -f "$work/tokenizer.model" ]; then
  awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column["split"] == "train" { print $column["caption"]; print $column["label"] }' \
    "$work/small/captions.tsv" >"$work/captions.txt"
  "$bin/lacuna" tokenizer-train "$work/captions.txt" -o "$work/tokenizer.model" \
    --vocab-size 1300 --model-type bpe --normalization nmt_nfkc_cf
fi

say 'Shards of pixels'
# The image tokenizer takes no notice of captions; those of other emoji are longer.
"$bin/lacuna" prepare --data "$work/emoji" --tokenizer "$work/tokenizer.model" -o "$work/emoji-pixels" \
  --resolution 64 --text-length 32
"$bin/lacuna" prepare --data "$work/small" --tokenizer "$work/tokenizer.model" -o "$work/small-pixels" \
  --resolution 64 --text-length 16

say 'Image tokenizer'
"$bin/lacuna-train" vq --config "$here/vq.toml" --data "$work/emoji-pixels" \
  --output-dir "$work/image-tokenizer-vq" --resume-from-checkpoint latest
"$bin/lacuna-train" vq --config "$here/vq-decoder.toml" --data "$work/emoji-pixels" \
  --init-from "$work/image-tokenizer-vq/model" \
  --output-dir "$work/image-tokenizer" --resume-from-checkpoint latest

say 'Shards of codes'
if ! [ -f "$work/codes/shards.json" ]; then
  "$bin/lacuna-train" encode --data "$work/small-pixels" --tokenizer "$work/image-tokenizer/model" \
    --output-dir "$work/codes" --mixed-precision bf16 \
    --copies 16 --augment-shift 0.07 --augment-scale 0.12 --augment-rotation 10 --augment-contrast 0.1 \
    --augment-hue-prob 0.05 --augment-mirror-prob 0.3
fi

say 'Denoiser'
"$bin/lacuna-train" denoiser --config "$here/denoiser.toml" --data "$work/codes" \
  --tokenizer "$work/image-tokenizer/model" --output-dir "$work/denoiser" --resume-from-checkpoint latest

say "Model: $model"
mkdir -p "$model"
"$bin/lacuna-train" export --model "$work/denoiser/model" --output-dir "$model" --dtype int8
"$bin/lacuna-train" export --model "$work/image-tokenizer/model" --output-dir "$model/image_tokenizer" --dtype int8
cp "$work/tokenizer.model" "$work/small/labels.txt" "$model/"

say 'Evaluation pack and the figure for the model card'
"$here/make-eval-pack" "$work/small" "$inputs" "$model/eval"
"$bin/lacuna" eval --model "$model" --suite caption --limit 0
