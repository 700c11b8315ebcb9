"""Clip art of Openclipart 0.18: SVG files with a title and keywords in RDF, of mixed quality."""
import collections
import glob
import os
import re

from .. import packages
from ..candidate import Candidate
from ..emoji_labels import slug

# Titles and file names end in their artists' names, in many spellings.
_ARTIST = re.compile(
    r'[ _-]+(jon[ _]phillips|nicu[ _]buc\w*|ganson?\d?|architetto[ _]?\w*|jean[ _]victor[ _]\w*|'
    r'benji[ _]p\w*|jarno[ _]v\w*|dan[ _]gerh\w*|juliane\w*|linda[ _]k\w*|patricia[ _]fi\w*|'
    r'gerald[ _]g\w*|bob[ _]?\w*|aj[ _]ash|sek|mimooh|lumen[ _]d\w*|francesco[ _]rol\w*|'
    r'shandy[ _]brow\w*|darek[ _]ada\w*|johnny[ _]aut\w*|einar\w*|yves[ _]gui\w*|jean|nathan\w*|klaas|'
    r'peterm|jhnri4|molumen|benbois|valessiobrito|frederic|moser|johnny|bas|bw|arch\w?)[ _.]*\d*$', re.I)
_USELESS_TITLE = re.compile(
    r'Clipart by|collection|Collection|theme|iconset|Icons?$|SVG Road|AIGA|^card$|Maps?$|@|gnome-|^svg|'
    r'unnamed|untitled', re.I)
_USELESS_LABEL = re.compile(
    r'clip ?art|icon v\d|menu example|^various|untitled|unnamed|template|^r16 |font samples')
_USELESS_KEYWORD = re.compile(r'hash|icon|theme|^\d+$|networksym|unsorted')
_CARD_RANKS = {'a': 'ace', 'k': 'king', 'q': 'queen', 'j': 'jack'}
_CARD_SUITS = {'c': 'clubs', 'd': 'diamonds', 'h': 'hearts', 's': 'spades'}


def gather_clipart(inputs):
    root = inputs.debian(packages.OPENCLIPART) + '/usr/share/openclipart/svg'
    paths = [path for path in sorted(glob.glob(glob.escape(root) + '/**/*.svg', recursive=True))
             if not os.path.islink(path)]
    title_counts = _count_titles(paths)
    result = []
    for path in paths:
        folders = os.path.relpath(path, root).split('/')
        if _is_generated(folders):
            continue
        metadata = _read_metadata(path)
        if metadata is None or 'GPL' in metadata['license']:
            continue
        stem = os.path.splitext(folders[-1])[0].replace('.svg', '')
        title = metadata['title']
        usable = title and title_counts[title] < 3 and not _USELESS_TITLE.search(title)
        label = _clean(title if usable else stem)
        if len(label) < 3 or not re.search('[a-z]{3}', label):
            continue
        label = _special_label(label, stem, folders).strip(' #')
        if _USELESS_LABEL.search(label):
            continue
        keywords = [word for word in dict.fromkeys(metadata['keywords'])
                    if not _USELESS_KEYWORD.search(word)]
        result.append(Candidate(
            source=('svg', path), set='openclipart', tier='clipart', style='clip art', label=label,
            keywords=keywords[:8], group='/'.join(folders[:-1][:2]).replace('_', ' '),
            concept=slug(label), license='PD'))
    return result


def _count_titles(paths):
    """How often a title occurs; read with a pattern, for parsing all files twice is slow."""
    pattern = re.compile(rb'<dc:title>\s*([^<]*?)\s*</dc:title>')
    counts = collections.Counter()
    for path in paths:
        with open(path, 'rb') as stream:
            match = pattern.search(stream.read(200000))
        if match:
            counts[' '.join(match.group(1).decode('utf8', 'replace').split())] += 1
    return counts


def _is_generated(folders):
    """Parametric stars, gradients, jigsaw pieces, flow-chart boxes, logos and old desktop themes."""
    inner = folders[1:-1]
    return folders[0] in ('logos', 'computer') or any(
        name in inner for name in ('stars', 'gradients', 'jigsaw', 'flowchart'))


def _read_metadata(path):
    """title, keywords, license of the file's RDF; None where it cannot be parsed."""
    from lxml import etree
    found = dict(title='', keywords=[], license='')
    try:
        with open(path, 'rb') as stream:
            tree = etree.fromstring(stream.read(), etree.XMLParser(recover=True, huge_tree=True))
        for work in tree.iter('{*}Work'):
            for element in work:
                if not isinstance(element.tag, str):
                    continue
                name = etree.QName(element).localname
                if name == 'title' and element.text:
                    found['title'] = ' '.join(element.text.split())
                elif name == 'subject':
                    found['keywords'] = [item.text.strip().lower() for item in element.iter('{*}li')
                                         if item.text and item.text.strip()]
                elif name == 'license' and element.attrib:
                    found['license'] = list(element.attrib.values())[0]
    except (etree.LxmlError, AttributeError, ValueError):
        return None
    return found


def _clean(text):
    for _ in range(2):  # some names carry two artists
        text = _ARTIST.sub('', text)
    text = re.sub(r'\.svg|_arch\w*_?\w*$', '', text)
    text = re.sub(r'([a-z])([A-Z])', r'\1 \2', text)
    text = re.sub(r'[_\-]+', ' ', text)
    text = re.sub(r'\b0*\d+$', '', text).strip(' .-_').lower()
    text = re.sub(r'^aiga ', '', text)
    text = re.sub(r'(?<=[a-z]{3})\d+$', '', text)
    return re.sub(r'\(b and w\)$', '(black and white)', text)


def _special_label(label, stem, folders):
    """Playing cards are named by codes, flags by countries."""
    inner = folders[1:-1]
    if 'cards' in inner:
        match = re.match(r'(\w+)_([cdhs])_(\w+)$', stem)
        if match:
            back, suit, rank = match.groups()
            label = f'{back} playing card, {_CARD_RANKS.get(rank, rank)} of {_CARD_SUITS[suit]}'
    if 'flags' in inner and 'flag' not in label:
        label = 'flag of ' + label
    return label
