"""The evaluation pack keeps its promises: size, licences, splits, tiles that match their labels."""
import collections
import os
import struct
import unittest

from glyphs import table
from glyphs.notices import CC_BY, notice_of
from glyphs.sets import family

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACK = os.path.join(ROOT, 'models/glyphs/eval')
TILE = 16


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
        self.assertEqual(counts, {'val_cross': 55, 'val_concept': 73, 'train': 300})
        trained = {row['label'] for row in self.labels}
        for row in self.rows:
            self.assertEqual(row['label'] in trained, row['split'] != 'val_concept', row['caption'])

    def test_the_labels_beside_the_model_are_those_that_were_trained(self):
        with open(os.path.join(PACK, '../labels.txt'), encoding='utf-8') as stream:
            self.assertEqual(stream.read().splitlines(), [row['label'] for row in self.labels])

    def test_every_picture_has_its_notice(self):
        for row in self.rows:
            self.assertIsNotNone(notice_of(row), row)
        with open(os.path.join(PACK, 'LICENSES.md'), encoding='utf-8') as stream:
            text = stream.read()
        for notice in {notice_of(row) for row in self.rows}:
            self.assertIn(notice.copyright, text)
            self.assertIn(notice.address, text)
        self.assertIn('https://creativecommons.org/licenses/by/4.0/', text)
        with open(os.path.join(PACK, 'README.md'), encoding='utf-8') as stream:
            readme = stream.read()
        for name in {row['set'] for row in self.rows if row['license'] == CC_BY}:
            self.assertIn(name, readme.split('## Licences')[1])

    def test_sibling_sets_are_held_out_together(self):
        splits = collections.defaultdict(set)
        for row in self.rows:
            splits[row['label'], family(row['set'])].add(row['split'])
        self.assertEqual([key for key, found in splits.items() if len(found) > 1], [])

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
