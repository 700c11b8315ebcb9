"""Which pictures are held out, decided by hashes so that adding sets moves no picture."""
import collections
import hashlib

from .sets import family

_CONCEPT_SHARE = 0.02
_CROSS_SHARE = 0.04
_CROSS_FAMILIES = 3


def unit_hash(text):
    """A number in [0, 1) that depends on the text alone."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 16 ** 12


def assign_splits(candidates):
    """Sets .split of every candidate.

    val_concept: 2 % of concepts, held out in every style. val_cross: 4 % of (concept, family) pairs
    whose concept is drawn by at least two other families. train: the rest.
    """
    families = collections.defaultdict(set)
    for candidate in candidates:
        families[candidate.concept].add(family(candidate.set))
    for candidate in candidates:
        concept = candidate.concept
        pair = f'x:{concept}/{family(candidate.set)}'
        if unit_hash('c:' + concept) < _CONCEPT_SHARE:
            candidate.split = 'val_concept'
        elif (len(families[concept]) >= _CROSS_FAMILIES and candidate.tier != 'clipart'
              and unit_hash(pair) < _CROSS_SHARE):
            candidate.split = 'val_cross'
        else:
            candidate.split = 'train'
