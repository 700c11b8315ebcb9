"""Names of emoji: CLDR labels, keywords and groups (through emojibase), found by code or by set's name."""
import json
import os
import re
import unicodedata

from . import packages

_SHORTCODES = ['cldr', 'emojibase', 'github', 'iamcal', 'joypixels', 'emojibase-legacy']
_SETS_WITH_CODES = ['noto', 'twemoji', 'openmoji', 'fluent-emoji-flat', 'fluent-emoji-high-contrast']
_PLAIN_LETTERS = str.maketrans('ñéãôíçå', 'neaoica')


def slug(text):
    """Lower-case words joined by '-': the form in which labels and set names are compared."""
    text = text.lower().replace('&', 'and').translate(_PLAIN_LETTERS)
    text = re.sub('[’\'“”.]', '', text)
    return re.sub(r'[^a-z0-9]+', '-', text).strip('-')


def spoken_label(label):
    """CLDR's short name as one would say it: 'flag: Chad' -> 'flag of Chad', no curly quotes."""
    label = label.replace('“', '').replace('”', '').replace('’', "'").replace('⊛ ', '')
    label = re.sub(r'^flag: ', 'flag of ', label)
    label = re.sub(r'^keycap: ', 'keycap ', label)
    return label.replace(': ', ', ')


def country_letters(hexcode):
    """'1F1E9-1F1EA' -> 'de'; None where the code is no pair of regional indicators."""
    points = [int(part, 16) for part in hexcode.split('-')]
    if len(points) != 2 or not all(0x1F1E6 <= point <= 0x1F1FF for point in points):
        return None
    return ''.join(chr(point - 0x1F1E6 + ord('a')) for point in points)


class EmojiLabels:
    """All emoji of emojibase with the ways to find one.

    An entry is a dict: hex, label, tags, group, concept (tone-free slug), tone (None, 1-5 or a list).
    """

    def __init__(self, inputs):
        base = inputs.npm(packages.EMOJIBASE)
        self._by_hex, self._by_slug, self._by_letters, self._by_set_name = {}, {}, {}, {}
        self._read_labels(base)
        self._add_unicode_names()
        icons = inputs.npm(packages.ICONIFY)
        for prefix in _SETS_WITH_CODES:
            codes = _read(f'{icons}/json/{prefix}.json').get('chars', {})
            for hexcode, name in codes.items():
                entry = self.find_code(hexcode)
                if entry:
                    self._by_set_name.setdefault(name, entry['hex'])

    def _read_labels(self, base):
        groups = {g['order']: g['message'] for g in _read(f'{base}/en/messages.json')['groups']}
        shortcodes = {}
        for name in _SHORTCODES:
            for hexcode, names in _read(f'{base}/en/shortcodes/{name}.json').items():
                shortcodes.setdefault(hexcode, []).extend(names if isinstance(names, list) else [names])
        for emoji in _read(f'{base}/en/data.json'):
            concept = slug(spoken_label(emoji['label']))
            group = groups.get(emoji.get('group'), 'symbols')
            for variant in [emoji] + emoji.get('skins', []):
                hexcode = variant['hexcode'].upper()
                entry = dict(hex=hexcode, label=spoken_label(variant['label']),
                             tags=emoji.get('tags', []), group=group, concept=concept,
                             tone=variant.get('tone'))
                self._by_hex[hexcode] = entry
                self._by_hex.setdefault(hexcode.replace('-FE0F', ''), entry)
                names = [variant['label']] + [n.replace('_', '-') for n in shortcodes.get(hexcode, [])]
                for name in map(slug, names):
                    self._by_slug.setdefault(name, hexcode)
                    self._by_letters.setdefault(name.replace('-', ''), hexcode)

    def _add_unicode_names(self):
        """Some sets squeeze Unicode names ('whitesmilingface') or country names ('chadflag')."""
        for key, entry in list(self._by_hex.items()):
            bare = key.replace('-FE0F', '')
            if '-' not in bare:
                name = unicodedata.name(chr(int(bare, 16)), '')
                if name:
                    letters = re.sub('[^a-z0-9]', '', name.lower())
                    self._by_letters.setdefault(letters, entry['hex'])
            elif country_letters(bare):
                country = slug(entry['label'][len('flag of '):]).replace('-', '')
                self._by_letters.setdefault(country + 'flag', entry['hex'])

    def find_code(self, hexcode):
        """The entry of a code sequence such as '1F410' or '2764-FE0F', or None."""
        hexcode = hexcode.upper()
        return self._by_hex.get(hexcode) or self._by_hex.get(hexcode.replace('-FE0F', ''))

    def find_name(self, name):
        """The entry of a set's own name for an emoji ('smiling-face-2'), or None."""
        for candidate in (name, re.sub(r'-\d+$', '', name)):
            hexcode = (self._by_set_name.get(candidate) or self._by_slug.get(candidate)
                       or self._by_letters.get(candidate.replace('-', '')))
            if not hexcode and candidate.startswith('flag-for-'):
                hexcode = self._by_slug.get('flag-' + candidate[len('flag-for-'):])
            if hexcode:
                return self._by_hex[hexcode]
        return None

    def countries(self):
        """{'de': entry, ..., 'gb-sct': entry}."""
        result = {}
        for hexcode, entry in self._by_hex.items():
            letters = country_letters(hexcode)
            if letters:
                result[letters] = entry
        for letters, name in (('gb-eng', 'england'), ('gb-sct', 'scotland'), ('gb-wls', 'wales')):
            result[letters] = self.find_name('flag-' + name)
        return result


def _read(path):
    with open(path, encoding='utf-8') as stream:
        return json.load(stream)


def label_table(inputs):
    """(languages, rows): the label of every emoji in each language emojibase has."""
    base = inputs.npm(packages.EMOJIBASE)
    languages = [name for name in sorted(os.listdir(base)) if os.path.exists(f'{base}/{name}/data.json')]
    labels = {language: {emoji['hexcode']: emoji.get('label') or ''
                         for emoji in _read(f'{base}/{language}/data.json')} for language in languages}
    rows = []
    for hexcode in labels['en']:
        row = {language: labels[language].get(hexcode, '').replace('\t', ' ') for language in languages}
        rows.append(dict(row, emoji_hex=hexcode))
    return languages, rows
