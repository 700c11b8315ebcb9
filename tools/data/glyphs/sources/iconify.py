"""Emoji, flags and icons of the Iconify collection: one JSON file per set, SVG bodies by name."""
import json
import re

from .. import icon_names, packages
from ..candidate import Candidate
from ..emoji_labels import slug
from ..icon_tags import read_icon_tags
from ..sets import (ALLOWED_LICENCES, COLOUR_SETS, MASK_SETS, SHARE_ALIKE_SETS, licence)


def read_set(inputs, prefix):
    """The parsed JSON of one set."""
    with open(f'{inputs.npm(packages.ICONIFY)}/json/{prefix}.json', encoding='utf-8') as stream:
        return json.load(stream)


def gather_icons(inputs, labels, with_share_alike):
    tags = read_icon_tags(inputs)
    countries = labels.countries()
    result = []
    optional = SHARE_ALIKE_SETS if with_share_alike else []
    for icon_set in COLOUR_SETS + optional + MASK_SETS:
        data = read_set(inputs, icon_set.prefix)
        claimed = data['info']['license'].get('spdx')
        if claimed not in ALLOWED_LICENCES and icon_set not in optional:
            raise ValueError(f'{icon_set.prefix}: licence {claimed} is not one of {ALLOWED_LICENCES}')
        names = [name for name, icon in data['icons'].items()
                 if not icon.get('hidden') and icon_names.is_kept(icon_set.prefix, name)]
        if icon_set.prefix == 'fluent-color':
            names = icon_names.largest_sizes(names)
        describe = {'emoji': _Emoji(icon_set, data, labels), 'flag': _Flag(icon_set, countries),
                    'icon': _Icon(icon_set, data, tags)}[icon_set.kind]
        for name in names:
            described = describe(name)
            if not described or not re.search('[a-z0-9]', described['label']):
                continue
            result.append(Candidate(
                source=('icon', icon_set.prefix, name), set=icon_set.prefix, tier=icon_set.tier,
                style=icon_names.style_of(icon_set, name), license=licence(icon_set.prefix, claimed),
                **described))
    return result


def _categories(data):
    """{icon name: its first category}."""
    result = {}
    for category, names in data.get('categories', {}).items():
        for name in names:
            result.setdefault(name, category)
    return result


class _Emoji:
    def __init__(self, icon_set, data, labels):
        self.prefix, self.labels = icon_set.prefix, labels
        self.categories = _categories(data)
        self.codes = {name: code for code, name in data.get('chars', {}).items()}

    def __call__(self, name):
        entry = name in self.codes and self.labels.find_code(self.codes[name])
        entry = entry or self.labels.find_name(name)
        if not entry:
            if self.prefix == 'fxemoji':  # squeezed names that match nothing cannot be read
                return None
            label = icon_names.words(self.prefix, name)
            return dict(label=label.lower(), concept=slug(label),
                        group=self.categories.get(name, '').lower())
        if isinstance(entry['tone'], list):  # couples of two tones: 25 near copies each
            return None
        return dict(label=entry['label'].lower(), concept=entry['concept'], group=entry['group'],
                    keywords=entry['tags'], emoji_hex=entry['hex'], tone=entry['tone'] or '')


class _Flag:
    def __init__(self, icon_set, countries):
        self.prefix, self.countries = icon_set.prefix, countries

    def __call__(self, name):
        entry = self.countries.get(re.sub(r'-4x3$', '', name))
        if entry:
            return dict(label=entry['label'].lower(), concept=entry['concept'], group='flags',
                        keywords=entry['tags'], emoji_hex=entry['hex'])
        if len(name) < 6 or re.match(r'^[a-z]{2}-', name):  # codes of regions say nothing
            return None
        label = 'flag of ' + icon_names.words(self.prefix, name)
        return dict(label=label.lower(), concept=slug(label), group='flags')


class _Icon:
    def __init__(self, icon_set, data, tags):
        self.prefix, self.tags = icon_set.prefix, tags.get(icon_set.prefix, {})
        self.categories = _categories(data)

    def __call__(self, name):
        label = icon_names.words(self.prefix, name)
        bare = icon_names.without_style_ending(self.prefix, name)
        return dict(label=label.lower(), concept=slug(label),
                    group=self.categories.get(name, '').lower(),
                    keywords=self.tags.get(name) or self.tags.get(bare) or [])
