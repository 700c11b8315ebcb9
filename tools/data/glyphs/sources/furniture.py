"""Sweet Home 3D's furniture libraries: zip files with a properties catalogue and rendered icons."""
import glob
import os
import re
import zipfile

from .. import packages
from ..candidate import Candidate
from ..emoji_labels import slug

_CATALOGUE = 'PluginFurnitureCatalog.properties'
_NOT_KEYWORDS = {'Blend Swap', 'SCPTS'}


def gather_furniture(inputs):
    folder = inputs.debian(packages.SWEETHOME3D) + '/usr/share/sweethome3d/furniture'
    result = []
    for path in sorted(glob.glob(glob.escape(folder) + '/*.sh3f')):
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
            text = archive.read(_CATALOGUE).decode('latin1')
        entries = dict(re.findall(r'^(\w+#\d+)=(.*)$', text, re.M))
        free = 'CC-0' in os.path.basename(path)
        for number in sorted({key.split('#')[1] for key in entries}, key=int):
            icon = entries.get('icon#' + number, '').strip().lstrip('/')
            label = entries.get('name#' + number, '').strip().lower()
            if icon not in members or not label:
                continue
            tags = [tag.strip() for tag in entries.get('tags#' + number, '').split(',')]
            result.append(Candidate(
                source=('zip', path, icon), set='sweethome3d', tier='furniture', style='3d render',
                label=label, keywords=[tag.lower() for tag in tags if tag and tag not in _NOT_KEYWORDS],
                group=entries.get('category#' + number, '').lower(),
                concept=slug(re.sub(r'\s*\d+$', '', label)),
                license='CC0-1.0' if free else 'CC-BY-3.0'))
    return result
