"""One picture before it is drawn."""
from dataclasses import dataclass, field


@dataclass
class Candidate:
    """Where a picture comes from and what is known about it.

    source: ('icon', prefix, name) | ('picture', path) | ('svg', path) | ('zip', path, member);
    concept: the thing shown, the same in every style; tone: '' or skin tone 1-5.
    """
    source: tuple
    set: str
    tier: str
    style: str
    label: str
    group: str
    concept: str
    license: str
    keywords: list = field(default_factory=list)
    tone: object = ''
    emoji_hex: str = ''
    split: str = ''
