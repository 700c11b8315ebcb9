"""Building blocks of the Glyphs picture-caption set; see tools/data/README.md."""
