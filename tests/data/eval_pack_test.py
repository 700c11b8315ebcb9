"""The evaluation pack keeps its promises: size, licences, splits, tiles that match their labels."""
import collections
import os
import struct
import unittest

from glyphs import table
from glyphs.permissive import notice_of

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACK = os.path.join(ROOT, 'models/glyphs/eval')
TILE = 8


def png_size(path):
    with open(path, 'rb') as stream:
        head = stream.read(24)
    if head[:8] != b'\x89PNG\r\n\x1a\n' or head[12:16] != b'IHDR':
        raise ValueError(f'{path}: not a PNG file')
    return struct.unpack('>II', head[16:24])


class EvalPack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = table.read_table(os.path.join(PACK, 'captions.tsv'))
        cls.labels = table.read_table(os.path.join(PACK, 'train_labels.tsv'))

    def test_at_most_three_megabytes(self):
        total = sum(os.path.getsize(os.path.join(folder, name))
                    for folder, _, names in os.walk(PACK) for name in names)
        self.assertLess(total, 3_000_000)

    def test_splits(self):
        counts = collections.Counter(row['split'] for row in self.rows)
        self.assertEqual(counts, {'val_cross': 300, 'val_concept': 150, 'train': 300})
        trained = {row['label'] for row in self.labels}
        for row in self.rows:
            self.assertEqual(row['label'] in trained, row['split'] != 'val_concept', row['caption'])

    def test_only_pictures_whose_notice_is_known(self):
        for row in self.rows:
            self.assertIsNotNone(notice_of(row), row)
            self.assertIn(row['license'], {'MIT', 'Apache-2.0', 'CC0-1.0'})
        with open(os.path.join(PACK, 'LICENSES.md'), encoding='utf-8') as stream:
            text = stream.read()
        for notice in {notice_of(row) for row in self.rows}:
            self.assertIn(notice.copyright, text)

    def test_pictures(self):
        self.assertEqual(sorted(row['file'] for row in self.rows),
                         sorted(f'pictures/{name}' for name in os.listdir(f'{PACK}/pictures')))
        for row in self.rows:
            self.assertEqual(png_size(os.path.join(PACK, row['file'])), (128, 128))
            self.assertEqual(row['caption'], f"{row['style']}: {row['label']}")

    def test_every_tile_has_a_label(self):
        names = [row['label'] for row in self.labels]
        self.assertEqual(names, sorted(set(names)))
        self.assertTrue(all(int(row['count']) > 0 for row in self.labels))
        width, height = png_size(os.path.join(PACK, 'train_thumbnails.png'))
        self.assertEqual((width % TILE, height % TILE), (0, 0))
        per_row, lines = width // TILE, height // TILE
        tiles = sum(int(row['count']) for row in self.labels)
        self.assertLessEqual(tiles, per_row * lines)
        self.assertGreater(tiles, per_row * (lines - 1))


if __name__ == '__main__':
    unittest.main()
