"""Synonyms of icons, from the packages of the sets that publish them."""
import json
import re

from . import packages


def read_icon_tags(inputs):
    """{set prefix: {icon name: [tag, ...]}}."""
    return {'mdi': _material(inputs), 'lucide': _read(f'{inputs.npm(packages.LUCIDE)}/tags.json'),
            'tabler': _tabler(inputs), 'fa7-solid': _font_awesome(inputs)}


def _read(path):
    with open(path, encoding='utf-8') as stream:
        return json.load(stream)


def _material(inputs):
    return {icon['name']: [alias.replace('-', ' ') for alias in icon['aliases']]
            + [tag.lower() for tag in icon['tags']]
            for icon in _read(f'{inputs.npm(packages.MDI)}/meta.json')}


def _tabler(inputs):
    tags = {}
    for name, icon in _read(f'{inputs.npm(packages.TABLER)}/icons.json').items():
        category = [icon['category'].lower()] if icon.get('category') else []
        tags[name] = [str(tag) for tag in icon.get('tags', [])] + category
    return tags


def _font_awesome(inputs):
    """Reads search.terms out of icons.yml, which is regular enough to do without a YAML library."""
    tags, icon, in_terms = {}, None, False
    with open(f'{inputs.npm(packages.FONT_AWESOME)}/metadata/icons.yml', encoding='utf-8') as stream:
        for line in stream:
            head = re.match(r"^'?([a-z0-9-]+)'?:\s*$", line)
            if head:
                icon, in_terms = head.group(1), False
            elif line.startswith('    terms:'):
                in_terms = True
            elif in_terms and line.startswith('      - '):
                tags.setdefault(icon, []).append(line.strip()[2:].strip("'\""))
            elif re.match(r'^  [a-z]', line) and not line.startswith('  search'):
                in_terms = False
    return tags
