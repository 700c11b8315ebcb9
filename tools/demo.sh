#!/bin/sh
# usage: tools/demo.sh [LACUNA [FOLDER]]
# Shows what the shipped model does: captions a picture it has never seen, draws four from text,
# repaints half of one under a prompt and finishes a sentence about it. Results go to FOLDER.
set -eu

lacuna=${1:-build/release/bin/lacuna}
out=${2:-demo-output}
here=$(dirname "$0")/demo
picture=$here/doughnut.png
mask=$here/right_half.png

if ! [ -x "$lacuna" ]; then
  printf 'demo: %s is not there: run ./bootstrap demo\n' "$lacuna" >&2
  exit 66
fi
mkdir -p "$out"

milliseconds() {
  case $(date +%N) in
    *[!0-9]*) echo "$(date +%s)000" ;;
    *) echo $(($(date +%s%N) / 1000000)) ;;
  esac
}

# Prints a command as one would type it, runs it and says how long it took.
show() {
  printf '\n$ %s' "$lacuna"
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./=,-]*) printf ' "%s"' "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
  before=$(milliseconds)
  "$lacuna" "$@" || {
    code=$?
    printf 'demo: the command above ended with exit code %s\n' "$code" >&2
    exit "$code"
  }
  spent=$(($(milliseconds) - before))
  printf '  (%d.%02d s)\n' $((spent / 1000)) $((spent % 1000 / 10))
}

in_terminal() {
  if [ -t 1 ] && command -v chafa >/dev/null 2>&1; then
    chafa --size "${2:-24x12}" "$1" || true
  fi
}

printf '\n-- 1. What is on this picture? (a real one, held out from training: %s)\n' "$picture"
in_terminal "$picture"
show caption "$picture"

printf '\n-- 2. Four pictures from text\n'
number=0
for prompt in "3d emoji: goat" "noto emoji: pizza" "twemoji: strawberry" "3d emoji: sunflower"; do
  number=$((number + 1))
  show generate -p "$prompt" -o "$out/drawn-$number.png" --steps 16 --cfg-scale 3 --seed 7
  in_terminal "$out/drawn-$number.png"
done

printf '\n-- 3. The right half repainted under a prompt; the left half stays byte for byte\n'
show infill --init-img "$picture" --mask "$mask" -p "3d emoji: doughnut" \
  -o "$out/repainted.png" --seed 7
in_terminal "$out/repainted.png"

printf '\n-- 4. Missing words filled in from the picture\n'
show infill --image "$picture" --text "3d emoji: [MASK:3]" --seed 7

printf '\nThe pictures are in %s:\n' "$(cd "$out" && pwd)"
for file in "$out"/*.png; do printf '  %s\n' "$file"; done
