"""ATTRIBUTION.md: one line per picture set with author, licence and address."""
import collections
import json

from . import packages
from .sets import licence
from .table import write_atomically

_LICENCE_URLS = {
    'MIT': 'https://spdx.org/licenses/MIT.html',
    'ISC': 'https://spdx.org/licenses/ISC.html',
    'Apache-2.0': 'https://www.apache.org/licenses/LICENSE-2.0',
    'CC0-1.0': 'https://creativecommons.org/publicdomain/zero/1.0/',
    'CC-BY-3.0': 'https://creativecommons.org/licenses/by/3.0/',
    'CC-BY-4.0': 'https://creativecommons.org/licenses/by/4.0/',
    'CC-BY-SA-4.0': 'https://creativecommons.org/licenses/by-sa/4.0/',
    'PD': 'https://creativecommons.org/licenses/publicdomain/',
}

# What Iconify's collections.json lacks or has wrong: (name, author, address).
_KNOWN = {
    'fluent-3d': ('Fluent Emoji 3D', 'Microsoft Corporation (packaged by LobeHub)',
                  'https://github.com/microsoft/fluentui-emoji'),
    'twemoji': ('Twemoji', 'Twitter, Inc. and other contributors',
                'https://github.com/jdecked/twemoji'),
    'emojione': ('EmojiTwo (colour)', 'EmojiTwo contributors, after Emoji One',
                 'https://github.com/EmojiTwo/emojitwo'),
    'emojione-monotone': ('EmojiTwo (monotone)', 'EmojiTwo contributors, after Emoji One',
                          'https://github.com/EmojiTwo/emojitwo'),
    'openclipart': ('Open Clip Art Library 0.18', 'its contributors', 'https://openclipart.org'),
}
_FURNITURE = {
    'CC-BY-3.0': ('Sweet Home 3D additional models',
                  'Scopia; Andrew Kator and Jennifer Legaz; Reallusion; Blend Swap contributors'),
    'CC0-1.0': ('Sweet Home 3D additional models (Blend Swap CC-0)',
                'Emmanuel Puybaret (eTeks) and other contributors'),
}


def describe_sets(inputs):
    """{set: (name, author, address)} for every Iconify set and the others."""
    with open(f'{inputs.npm(packages.ICONIFY)}/collections.json', encoding='utf-8') as stream:
        collections_json = json.load(stream)
    result = {}
    for prefix, info in collections_json.items():
        author = info.get('author', {})
        result[prefix] = (info['name'], author.get('name', 'unknown'),
                          author.get('url') or f'https://icon-sets.iconify.design/{prefix}/')
    result.update(_KNOWN)
    return result


def attribution_lines(inputs, **columns):
    """Table lines, one per set and licence, in the order in which the sets first occur.

    Every keyword argument is a column with the number of pictures in the rows it is given; an underscore in
    its name becomes a space.
    """
    described = describe_sets(inputs)
    counts = {name: collections.Counter((row['set'], row['license']) for row in rows)
              for name, rows in columns.items()}
    titles = ' | '.join(name.replace('_', ' ') for name in columns)
    lines = [f'| set | name | author | {titles} | licence | address |', '|---|---|---|' + '---|' * (len(columns) + 2)]
    for prefix, claimed in dict.fromkeys(key for counter in counts.values() for key in counter):
        cells = ' | '.join(str(counter[prefix, claimed]) for counter in counts.values())
        spdx = licence(prefix, claimed)
        if prefix == 'sweethome3d':
            name, author = _FURNITURE[spdx]
            address = 'https://www.sweethome3d.com/importModels.jsp'
        else:
            name, author, address = described[prefix]
        lines.append(f'| {prefix} | {name} | {author} | {cells} | [{spdx}]({_LICENCE_URLS[spdx]}) '
                     f'| {address} |')
    return lines


CHANGES = '''What was done to the pictures: drawn from SVG (or resized from 256x256 WebP and 128x128 PNG) to
128x128 pixels on a white ground.'''

CROPPED = 'Furniture and clip art were cropped to their ink. '

LEFT_OUT = '''Repeats inside a set, logos, blank pictures and couples of two skin tones were left out. Nothing
was drawn by hand, and no author endorses this use.'''

LABELS = '''Words: emoji labels, keywords and groups are Unicode CLDR data, (c) Unicode, Inc., Unicode License v3
(https://www.unicode.org/license.txt), through emojibase-data, (c) 2017-2019 Miles Johnson, MIT.'''

TAGS = '''Icon tags come from the packages @mdi/svg (Apache-2.0), lucide-static (ISC), @tabler/icons (MIT) and
Font Awesome Free (CC-BY-4.0). Definitions are from WordNet 3.0, (c) 2006 Princeton University, WordNet 3.0
licence (https://wordnet.princeton.edu/license-and-commercial-use).'''

ICONIFY = '''Icon sets were collected by Iconify (https://iconify.design, @iconify/json {version}).'''

_SOURCES = ('come from the sets below. Licences are those that Iconify\'s index of the sets or the package itself '
            'names; where the index was found wrong, the licence of the original is given (fxemoji: its visual '
            'design is CC-BY-4.0, not Apache-2.0).')


def shares(rows):
    """"2839: 1332 MIT, ...": how many pictures there are, and under which licences."""
    by_licence = collections.Counter(row['license'] for row in rows)
    return f'{len(rows)}: ' + ', '.join(f'{count} {name}' for name, count in by_licence.most_common())


def write_attribution(inputs, rows, path):
    """Writes ATTRIBUTION.md for a built folder."""
    _write(path, f'The pictures in this folder ({shares(rows)}) {_SOURCES}',
           attribution_lines(inputs, pictures=rows), CROPPED + LEFT_OUT, f'{LABELS} {TAGS}')


def write_model_attribution(inputs, image_tokenizer, denoiser, path):
    """Writes ATTRIBUTION.md for the shipped model: the training rows of its two parts."""
    _write(path,
           'The pictures that the model in `models/glyphs` was trained on - its image tokenizer '
           f'({shares(image_tokenizer)}) and, with the labels as captions, its denoiser and text tokenizer '
           f'({shares(denoiser)}) - {_SOURCES} The second are among the first; pictures held out for measuring '
           'are not counted. Pictures that lie in this repository have a LICENSES.md beside them.',
           attribution_lines(inputs, image_tokenizer=image_tokenizer, denoiser=denoiser),
           'They were halved to 64x64 when the model was trained. ' + LEFT_OUT,
           LABELS.replace(', keywords and groups', ' and groups'))


def _write(path, subject, table, left_out, words):
    text = '\n'.join(['# Attribution', '', subject, '', *table, '', CHANGES, left_out, '', words,
                      ICONIFY.format(version=packages.ICONIFY.version), ''])
    write_atomically(path, text.encode('utf-8'))
