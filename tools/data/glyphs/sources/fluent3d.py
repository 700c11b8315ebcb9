"""Microsoft's Fluent emoji as soft 3D renders: 256x256 WebP pictures named by code point."""
import glob
import os

from .. import packages
from ..candidate import Candidate


def gather_fluent3d(inputs, labels):
    result = []
    for path in sorted(glob.glob(glob.escape(inputs.npm(packages.FLUENT_3D)) + '/assets/*.webp')):
        entry = labels.find_code(os.path.basename(path)[:-len('.webp')])
        if not entry or isinstance(entry['tone'], list):
            continue
        result.append(Candidate(
            source=('picture', path), set='fluent-3d', tier='emoji', style='3d emoji',
            label=entry['label'].lower(), keywords=entry['tags'], group=entry['group'],
            concept=entry['concept'], tone=entry['tone'] or '', license='MIT',
            emoji_hex=entry['hex']))
    return result
