"""Which picture sets are taken, in which tier and style, and what is known about their licences."""
from dataclasses import dataclass


@dataclass(frozen=True)
class IconSet:
    """One Iconify set. kind: how names become labels ('emoji', 'icon' or 'flag')."""
    prefix: str
    tier: str
    style: str
    kind: str


def _sets(tier, kind, styles):
    return [IconSet(prefix, tier, style, kind) for prefix, style in styles]


COLOUR_SETS = _sets('emoji', 'emoji', [
    ('noto', 'noto emoji'),
    ('noto-v1', 'classic noto emoji'),
    ('twemoji', 'twemoji'),
    ('fluent-emoji-flat', 'fluent flat emoji'),
    ('fluent-emoji', 'fluent emoji'),
    ('emojione', 'emojitwo emoji'),
    ('fxemoji', 'fx emoji'),
    ('streamline-emojis', 'outlined emoji'),
]) + _sets('icon', 'icon', [
    ('icon-park', 'blue outline icon'),
    ('fluent-color', 'gradient icon'),
    ('flat-color-icons', 'flat color icon'),
    ('meteocons', 'weather icon'),
    ('marketeq', 'two-tone line icon'),
    ('glyphs-poly', 'poly icon'),
    ('streamline-kameleon-color', 'round badge icon'),
    ('streamline-stickies-color', 'sticker icon'),
    ('streamline-ultimate-color', 'detailed color icon'),
    ('streamline-freehand-color', 'freehand sketch icon'),
    ('streamline-color', 'duo icon'),
    ('streamline-plump-color', 'plump icon'),
    ('streamline-flex-color', 'flex icon'),
    ('streamline-sharp-color', 'sharp icon'),
    ('streamline-cyber-color', 'cyber icon'),
]) + _sets('flag', 'flag', [
    ('circle-flags', 'round flag'),
    ('flag', 'flat flag'),
    ('flagpack', 'small flag'),
    ('cif', 'plain flag'),
])

# CC-BY-SA-4.0: share-alike, off unless asked for.
SHARE_ALIKE_SETS = _sets('emoji', 'emoji', [
    ('openmoji', 'openmoji'),
    ('emojione-v1', 'emojione v1 emoji'),
])

MASK_SETS = _sets('mask', 'emoji', [
    ('fluent-emoji-high-contrast', 'high contrast emoji'),
    ('emojione-monotone', 'monotone emoji'),
]) + _sets('mask', 'icon', [
    ('game-icons', 'game icon'),
    ('mdi', 'solid icon'),
    ('tabler', 'line icon'),
    ('lucide', 'lucide icon'),
    ('ph', 'phosphor icon'),
    ('healthicons', 'health icon'),
    ('pinhead', 'map icon'),
    ('temaki', 'map icon'),
    ('fa7-solid', 'bold icon'),
    ('solar', 'duotone icon'),
    ('iconoir', 'thin line icon'),
    ('streamline-pixel', 'pixel art icon'),
])

ALLOWED_LICENCES = {'MIT', 'Apache-2.0', 'CC0-1.0', 'ISC', 'CC-BY-4.0', 'CC-BY-3.0', 'BSD-3-Clause',
                    'Unlicense'}

# Iconify says Apache-2.0, but mozilla/fxemoji's LICENSE.md: code Apache-2.0, visual design CC BY 4.0.
LICENCE_CORRECTIONS = {'fxemoji': 'CC-BY-4.0'}

# Sets that share outlines count as one: otherwise a held-out picture has a near copy in training.
_FAMILIES = {
    'fluent-emoji-flat': 'fluent', 'fluent-emoji': 'fluent', 'fluent-3d': 'fluent',
    'fluent-emoji-high-contrast': 'fluent', 'noto': 'noto', 'noto-v1': 'noto',
    'emojione': 'emojione', 'emojione-monotone': 'emojione',
}

_TIER_WEIGHTS = {'emoji': 1.0, 'icon': 0.4, 'flag': 1.0, 'furniture': 2.0, 'clipart': 0.25,
                 'mask': 0.25}
_TONE_WEIGHT = 0.2  # skin-tone variants are near copies


def family(set_name):
    """The drawing family a set belongs to; sets of one family never stand on both sides of a split."""
    return _FAMILIES.get(set_name, set_name)


def licence(set_name, claimed):
    """The licence of a set's pictures, corrected where the index is known to be wrong."""
    return LICENCE_CORRECTIONS.get(set_name, claimed)


def sampling_weight(tier, tone):
    """Suggested training weight of a picture; tone is '' or 1-5."""
    return _TIER_WEIGHTS[tier] * (_TONE_WEIGHT if tone != '' else 1.0)
