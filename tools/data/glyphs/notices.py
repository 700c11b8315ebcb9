"""Sets whose pictures may be copied into the repository, and the notices that have to go with them."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """The copyright line of a set as its own licence file has it."""
    sets: tuple
    copyright: str
    licence: str
    address: str


CC_BY = 'CC-BY-4.0'

NOTICES = [
    Notice(('noto', 'noto-v1'), 'Copyright Google LLC (Noto Emoji)', 'Apache-2.0',
           'https://github.com/googlefonts/noto-emoji'),
    Notice(('icon-park',), 'Copyright ByteDance (IconPark)', 'Apache-2.0',
           'https://github.com/bytedance/IconPark'),
    Notice(('fluent-emoji-flat', 'fluent-emoji', 'fluent-3d', 'fluent-emoji-high-contrast'),
           'Copyright (c) Microsoft Corporation. (Fluent Emoji)', 'MIT',
           'https://github.com/microsoft/fluentui-emoji'),
    Notice(('fluent-color',), 'Copyright (c) 2020 Microsoft Corporation (Fluent UI System Icons)', 'MIT',
           'https://github.com/microsoft/fluentui-system-icons'),
    Notice(('flat-color-icons',), 'Copyright (c) Icons8 (Flat Color Icons)', 'MIT',
           'https://github.com/icons8/flat-color-icons'),
    Notice(('meteocons',), 'Copyright (c) 2020-2022 Bas Milius (Meteocons)', 'MIT',
           'https://github.com/basmilius/weather-icons'),
    Notice(('circle-flags',), 'Copyright (c) 2021 HatScripts (Circle Flags)', 'MIT',
           'https://github.com/HatScripts/circle-flags'),
    Notice(('flag',), 'Copyright (c) 2025 Panayiotis Lipiridis (flag-icons)', 'MIT',
           'https://github.com/lipis/flag-icons'),
    Notice(('flagpack',), 'Copyright (c) 2021 Yummygum (Flagpack)', 'MIT',
           'https://github.com/Yummygum/flagpack-core'),
    Notice(('cif',), 'CoreUI Flags, creativeLabs Lukasz Holeczek', 'CC0-1.0',
           'https://github.com/coreui/coreui-icons'),
    Notice(('sweethome3d',), 'Blend Swap CC-0 models of Sweet Home 3D, Emmanuel Puybaret (eTeks) and others',
           'CC0-1.0', 'https://www.sweethome3d.com/importModels.jsp'),
    Notice(('twemoji',), 'Twemoji, copyright Twitter, Inc. and other contributors', CC_BY,
           'https://github.com/jdecked/twemoji'),
    Notice(('emojione',), 'EmojiTwo (colour), EmojiTwo contributors, after Emoji One', CC_BY,
           'https://github.com/EmojiTwo/emojitwo'),
    Notice(('fxemoji',), 'Firefox OS Emoji, copyright Mozilla Foundation (visual design)', CC_BY,
           'https://github.com/mozilla/fxemoji'),
    Notice(('streamline-emojis',), 'Streamline Emojis, Streamline (https://streamlinehq.com)', CC_BY,
           'https://github.com/webalys-hq/streamline-vectors'),
]

_BY_SET_AND_LICENCE = {(name, notice.licence): notice for notice in NOTICES for name in notice.sets}

MIT_TEXT = '''Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies
of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions
of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL
THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.'''


def notice_of(row):
    """The notice under which a row's picture may be copied, or None."""
    return _BY_SET_AND_LICENCE.get((row['set'], row['license']))


def licences_text(rows, subject, colours=64, apache_text='LICENSE-APACHE-2.0.txt'):
    """LICENSES.md for the pictures in rows: one line per author, then the texts that must go along.

    apache_text is the path from LICENSES.md to the full text of the Apache License.
    """
    used = {notice_of(row) for row in rows}
    lines = [f'# Licences of {subject}', '', '| pictures of the set | copyright | licence | address |',
             '|---|---|---|---|']
    for notice in NOTICES:
        if notice in used:
            sets = [name for name in notice.sets if any(row['set'] == name for row in rows)]
            lines.append(f'| {", ".join(sets)} | {notice.copyright} | {notice.licence} '
                         f'| {notice.address} |')
    lines += ['', 'Labels are Unicode CLDR short names, (c) Unicode, Inc., Unicode License v3 '
              '(https://www.unicode.org/license.txt), through emojibase-data, (c) 2017-2019 Miles Johnson '
              '(MIT), or the sets\' own icon names.', '',
              'Changes: drawn from SVG (or resized from 256x256 WebP or 128x128 PNG) to 128x128 pixels on '
              f'white, then reduced to at most {colours} colours.', '']
    licences = {notice.licence for notice in used}
    if 'Apache-2.0' in licences:
        lines += ['## Apache-2.0', '', f'The full text is in [{apache_text}]({apache_text}).', '']
    if 'MIT' in licences:
        lines += ['## MIT', '', 'MIT License, with the copyright lines of the table above.', '', MIT_TEXT, '']
    if 'CC0-1.0' in licences:
        lines += ['## CC0-1.0', '', 'Dedicated to the public domain: '
                  'https://creativecommons.org/publicdomain/zero/1.0/', '']
    if CC_BY in licences:
        lines += [f'## {CC_BY}', '', 'Creative Commons Attribution 4.0 International: '
                  'https://creativecommons.org/licenses/by/4.0/legalcode. Whoever passes these pictures on has to '
                  'name the author, the address and the licence and say that they were changed, as the table and '
                  'the paragraph "Changes" above do. They come without warranty (section 5 of the licence), and no '
                  'author endorses this use.', '']
    return '\n'.join(lines)
