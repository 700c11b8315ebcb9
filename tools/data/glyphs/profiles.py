"""Which rows of a built Glyphs folder a model is trained on, and with what weight.

A profile is a function from the rows of captions.tsv to new rows. A row may carry one more entry,
`mask`: the ink mask that has to be drawn black on white at `file`.
"""
import collections
import os

_WIDE_TIERS = {'emoji', 'icon', 'flag', 'furniture'}
_BLACK_EMOJI_SETS = {'fluent-emoji-high-contrast', 'emojione-monotone'}
_BLACK_EMOJI_WEIGHT = '0.5'  # they are a style like the others here, not one of many recoloured masks
_FEW_STYLES, _FEW_STYLES_FACTOR = 3, 0.2  # a thing in one or two styles teaches little about it

_CORE_GROUPS, _CORE_SETS = {'animals & nature', 'food & drink', 'activities'}, 6
_MORE_GROUPS, _MORE_SETS = {'travel & places', 'objects'}, 9
_SMALL_FACTOR = 4


def wide(rows):
    """Emoji without skin tones, flags, furniture, colour icons, black emoji drawn black on white.

    Left out: skin tones, clip art, the other black icons, and val_cross pictures whose label no training
    picture of the selection carries. Training rows whose concept has fewer than three styles in training
    weigh a fifth.
    """
    taken = []
    for row in rows:
        if row['tone'] != '':
            continue
        if row['tier'] in _WIDE_TIERS:
            taken.append(dict(row))
        elif row['set'] in _BLACK_EMOJI_SETS:
            name = os.path.basename(row['file'])
            taken.append(dict(row, file=f'ink-128/{name}', weight=_BLACK_EMOJI_WEIGHT, mask=row['file']))
    trained = {row['label'] for row in taken if row['split'] == 'train'}
    taken = [row for row in taken if row['split'] != 'val_cross' or row['label'] in trained]
    styles = collections.defaultdict(set)
    for row in taken:
        if row['split'] == 'train':
            styles[row['concept']].add(row['style'])
    for row in taken:
        if row['split'] == 'train' and len(styles[row['concept']]) < _FEW_STYLES:
            row['weight'] = f'{float(row["weight"]) * _FEW_STYLES_FACTOR:g}'
    return taken


def small(rows):
    """The things that nearly every emoji style draws; captions are "style: label" and "label" alone.

    Taken are the training and val_cross rows of animals, food and activities in six emoji sets or more of the
    training split and of places and objects in all nine; then the val_concept rows of the first three groups.
    """
    emoji_rows = _emoji_of_wide(rows)
    sets = collections.defaultdict(set)
    for row in emoji_rows:
        if row['split'] == 'train':
            sets[row['concept']].add(row['set'])

    def is_taken(row):
        count = len(sets[row['concept']])
        return (row['group'] in _CORE_GROUPS and count >= _CORE_SETS
                or row['group'] in _MORE_GROUPS and count >= _MORE_SETS)

    taken = [row for row in emoji_rows if row['split'] != 'val_concept' and is_taken(row)]
    taken += [row for row in emoji_rows if row['split'] == 'val_concept' and row['group'] in _CORE_GROUPS]
    return [dict(row, weight='1', keywords='', gloss='') for row in taken]


def emoji(rows):
    """All emoji of the wide selection, those of the small one four times as often."""
    favoured = {row['id'] for row in small(rows)}
    return [dict(row, weight=f'{_SMALL_FACTOR if row["id"] in favoured else 1}')
            for row in _emoji_of_wide(rows)]


def training_labels(rows):
    """The labels of the training rows, each once, sorted."""
    return sorted({row['label'] for row in rows if row['split'] == 'train'})


def _emoji_of_wide(rows):
    return [row for row in wide(rows) if row['tier'] == 'emoji']


PROFILES = {'small': small, 'emoji': emoji, 'wide': wide}
