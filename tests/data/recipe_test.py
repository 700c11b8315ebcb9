"""The parts of the data recipe that need nothing but Python: names, splits, tables, parts."""
import os
import tempfile
import unittest

from glyphs import icon_names, parts, profiles, sets, split, table
from glyphs.candidate import Candidate
from glyphs.emoji_labels import country_letters, slug, spoken_label

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def candidate(set_name, concept, tier='emoji'):
    return Candidate(source=('svg', ''), set=set_name, tier=tier, style='', label=concept, group='',
                     concept=concept, license='MIT')


class Names(unittest.TestCase):
    def test_labels_are_spoken(self):
        self.assertEqual(spoken_label('flag: Chad'), 'flag of Chad')
        self.assertEqual(spoken_label('woman: dark skin tone'), 'woman, dark skin tone')
        self.assertEqual(spoken_label('woman\u2019s hat'), "woman's hat")

    def test_slugs_compare_names(self):
        self.assertEqual(slug('Pi\u00f1ata'), 'pinata')
        self.assertEqual(slug('Trinidad & Tobago'), 'trinidad-and-tobago')
        self.assertEqual(slug('woman\u2019s hat'), slug("woman's hat"))

    def test_country_letters(self):
        self.assertEqual(country_letters('1F1E9-1F1EA'), 'de')
        self.assertIsNone(country_letters('1F410'))
        self.assertIsNone(country_letters('1F410-FE0F'))

    def test_icon_words_drop_variants_but_not_numbers_that_matter(self):
        self.assertEqual(icon_names.words('mdi', 'alarm-clock-2'), 'alarm clock')
        self.assertEqual(icon_names.words('mdi', 'dice-2'), 'dice 2')
        self.assertEqual(icon_names.words('ph', 'acorn-duotone'), 'acorn')
        self.assertEqual(icon_names.words('fa7-solid', 'face-alt'), 'face alt')

    def test_logos_are_left_out(self):
        self.assertFalse(icon_names.is_kept('mdi', 'github-circle'))
        self.assertTrue(icon_names.is_kept('mdi', 'goat'))
        self.assertFalse(icon_names.is_kept('flag', 'de-1x1'))

    def test_only_the_largest_size_of_an_icon_is_kept(self):
        self.assertEqual(icon_names.largest_sizes(['a-16', 'a-48', 'a-24', 'b']), ['a-48', 'b'])


class Splits(unittest.TestCase):
    def setUp(self):
        names = ['noto', 'noto-v1', 'twemoji', 'fluent-emoji', 'fluent-3d', 'fxemoji']
        self.candidates = [candidate(name, f'thing-{number}')
                           for number in range(3000) for name in names]
        split.assign_splits(self.candidates)

    def share(self, name):
        return sum(c.split == name for c in self.candidates) / len(self.candidates)

    def test_shares(self):
        self.assertAlmostEqual(self.share('val_concept'), 0.02, delta=0.008)
        self.assertAlmostEqual(self.share('val_cross'), 0.04 * 0.98, delta=0.006)

    def test_a_held_out_concept_is_held_out_everywhere(self):
        concepts = {c.concept for c in self.candidates if c.split == 'val_concept'}
        self.assertTrue(concepts)
        self.assertTrue(all(c.split == 'val_concept' for c in self.candidates if c.concept in concepts))

    def test_sets_of_one_family_are_held_out_together(self):
        where = {}
        for c in self.candidates:
            where.setdefault((c.concept, sets.family(c.set)), set()).add(c.split)
        self.assertTrue(all(len(found) == 1 for found in where.values()))

    def test_a_concept_of_two_families_is_never_cross(self):
        pair = [candidate(name, f'thing-{number}') for number in range(3000)
                for name in ('noto', 'noto-v1', 'twemoji')]
        split.assign_splits(pair)
        self.assertFalse(any(c.split == 'val_cross' for c in pair))

    def test_order_does_not_matter(self):
        before = {(c.concept, c.set): c.split for c in self.candidates}
        split.assign_splits(self.candidates[::-1])
        self.assertEqual(before, {(c.concept, c.set): c.split for c in self.candidates})

    def test_the_committed_pictures_have_the_splits_their_hashes_say(self):
        rows = table.read_table(os.path.join(ROOT, 'tests/golden/pictures/captions.tsv'))
        self.assertEqual(set(row['split'] for row in rows), {'train', 'val_cross', 'val_concept'})
        for row in rows:
            if split.unit_hash('c:' + row['concept']) < 0.02:
                expected = 'val_concept'
            elif split.unit_hash(f"x:{row['concept']}/{sets.family(row['set'])}") < 0.04:
                expected = 'val_cross'
            else:
                expected = 'train'
            self.assertEqual(row['split'], expected, row['file'])
            self.assertTrue(os.path.exists(os.path.join(ROOT, 'tests/golden/pictures', row['file'])))


EMOJI_SETS = ['noto', 'noto-v1', 'twemoji', 'fluent-emoji-flat', 'fluent-emoji', 'emojione', 'fxemoji',
              'streamline-emojis', 'fluent-3d']


class Profiles(unittest.TestCase):
    """Five things: a food in six sets, one in five, a place in nine, one in eight, a food held out."""

    def setUp(self):
        self.rows = []
        for label, group, count in [('taco', 'food & drink', 6), ('maté', 'food & drink', 5),
                                    ('anchor', 'travel & places', 9), ('kaaba', 'travel & places', 8)]:
            self.add(label, group, EMOJI_SETS[:count], 'train')
        self.add('tulip', 'animals & nature', EMOJI_SETS, 'val_concept')
        self.add('taco', 'food & drink', ['fluent-3d'], 'val_cross')
        self.add('maté', 'food & drink', ['fluent-3d'], 'val_cross')
        self.add('yurt', 'travel & places', ['noto'], 'val_cross')
        self.add('waving', 'people', ['noto'], 'train', tone='3')
        self.add('anchor', '', ['mdi'], 'train', tier='mask')
        self.add('anchor', '', ['emojione-monotone'], 'train', tier='mask')
        self.add('gauge', 'icons', ['icon-park', 'marketeq'], 'train', tier='icon', weight='0.4')

    def add(self, label, group, names, split_name, tier='emoji', tone='', weight='1'):
        for name in names:
            number = f'{len(self.rows):06d}'
            self.rows.append(dict(
                id=number, file=f'{"mask" if tier == "mask" else "color"}-128/{number}.png', split=split_name,
                weight=weight, tier=tier, set=name, style=name, label=label, keywords='k', group=group,
                concept=label, tone=tone, gloss='g'))

    def chosen(self, profile):
        return {(row['label'], row['set']): row for row in profiles.PROFILES[profile](self.rows)}

    def test_small_keeps_what_most_styles_draw(self):
        small = self.chosen('small')
        self.assertEqual({label for label, _ in small}, {'taco', 'anchor', 'tulip'})
        self.assertEqual(len(small), 6 + 1 + 9 + 9)
        self.assertEqual(small['taco', 'fluent-3d']['split'], 'val_cross')
        for row in small.values():
            self.assertEqual((row['weight'], row['keywords'], row['gloss']), ('1', '', ''))
        self.assertEqual(profiles.training_labels(small.values()), ['anchor', 'taco'])

    def test_emoji_favours_the_small_selection(self):
        emoji, small = self.chosen('emoji'), self.chosen('small')
        self.assertLess(set(small), set(emoji))
        self.assertNotIn(('waving', 'noto'), emoji)
        for key, row in emoji.items():
            self.assertEqual(row['tier'], 'emoji')
            self.assertEqual(row['weight'], '4' if key in small else '1')

    def test_wide_lessens_things_in_few_styles_and_inverts_black_emoji(self):
        wide = self.chosen('wide')
        self.assertEqual(wide['gauge', 'marketeq']['weight'], '0.08')
        self.assertEqual(wide['taco', 'noto']['weight'], '1')
        self.assertEqual(wide['taco', 'fluent-3d']['weight'], '1')
        black = wide['anchor', 'emojione-monotone']
        self.assertEqual((black['weight'], black['file']), ('0.5', black['mask'].replace('mask', 'ink')))
        self.assertNotIn(('anchor', 'mdi'), wide)

    def test_a_held_out_picture_of_an_untrained_label_is_left_out(self):
        for profile in profiles.PROFILES:
            self.assertNotIn(('yurt', 'noto'), self.chosen(profile))

    def test_the_rows_given_stay_as_they_were(self):
        before = [dict(row) for row in self.rows]
        for profile in profiles.PROFILES:
            self.chosen(profile)
        self.assertEqual(self.rows, before)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, 'a.tsv')

    def tearDown(self):
        self.folder.cleanup()

    def test_a_table_comes_back_as_written(self):
        rows = [{'a': '"quoted"', 'b': ''}, {'a': 'caf\u00e9', 'b': "x'"}]
        table.write_table(self.path, ['a', 'b'], rows)
        self.assertEqual(table.read_table(self.path), rows)
        self.assertEqual(os.listdir(self.folder.name), ['a.tsv'])

    def test_a_cell_with_a_tab_is_refused_and_leaves_the_old_table(self):
        table.write_table(self.path, ['a'], [{'a': '1'}])
        with self.assertRaises(ValueError):
            table.write_table(self.path, ['a'], [{'a': '2\t3'}])
        self.assertEqual(table.read_table(self.path), [{'a': '1'}])

    def test_a_ragged_table_is_refused_with_its_line(self):
        with open(self.path, 'w', encoding='utf-8') as stream:
            stream.write('a\tb\n1\t2\n3\n')
        with self.assertRaisesRegex(ValueError, 'a.tsv:3: expected 2 columns, got 1'):
            table.read_table(self.path)

    def test_a_part_comes_back_and_a_cut_one_is_not_complete(self):
        path = parts.part_path(self.folder.name, 7)
        self.assertFalse(parts.is_complete(path))
        drawn = [('aa', {128: b'large', 64: b'small'}), None, ('bb', {128: b'x', 64: b'y'})]
        parts.write_part(path, drawn)
        self.assertTrue(parts.is_complete(path))
        self.assertEqual(list(parts.read_part(path, (128, 64))), drawn)
        self.assertEqual(list(parts.read_part(path, (64,)))[0], ('aa', {64: b'small'}))
        with open(path, 'r+b') as stream:
            stream.truncate(os.path.getsize(path) - 30)
        self.assertFalse(parts.is_complete(path))


if __name__ == '__main__':
    unittest.main()
