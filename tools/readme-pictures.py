#!/usr/bin/python3
"""Makes the pictures of README.md with the built `lacuna`: tools/readme-pictures.py [LACUNA]

Writes docs/pictures/{drawn,infill}.png. Needs Debian's python3-pil. The same model and seed give the same files."""
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
LACUNA = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/bin/lacuna")
OUT = ROOT / "docs/pictures"
SIDE, GAP = 160, 12


def lacuna(*arguments):
    subprocess.run([LACUNA, *map(str, arguments), "--quiet"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def row(pictures, path):
    """The pictures side by side on white, enlarged to SIDE pixels."""
    sheet = Image.new("RGB", (GAP + len(pictures) * (SIDE + GAP), SIDE + 2 * GAP), "white")
    for i, picture in enumerate(pictures):
        small = Image.open(picture).convert("RGB")
        sheet.paste("#c8c8cc", (GAP - 1 + i * (SIDE + GAP), GAP - 1, GAP + 1 + SIDE + i * (SIDE + GAP), GAP + 1 + SIDE))
        sheet.paste(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), (GAP + i * (SIDE + GAP), GAP))
    sheet.save(path, optimize=True)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        prompts = OUT / "prompts.txt"
        lacuna("generate", "--prompt-file", prompts, "-o", work / "drawn.png", "--seed", 7, "--contact-sheet",
               OUT / "drawn.png")
        picture, mask = ROOT / "tools/demo/doughnut.png", ROOT / "tools/demo/right_half.png"
        results = []
        for i, words in enumerate(["3d emoji: doughnut", "3d emoji: green apple"]):
            results.append(work / f"infill-{i}.png")
            lacuna("infill", "--init-img", picture, "--mask", mask, "-p", words, "-o", results[-1], "--seed", 7)
        row([picture, mask, *results], OUT / "infill.png")


if __name__ == "__main__":
    main()
