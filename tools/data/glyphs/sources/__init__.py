"""The places pictures come from; each module gathers Candidates in a fixed order."""
from .fluent3d import gather_fluent3d
from .furniture import gather_furniture
from .iconify import gather_icons
from .openclipart import gather_clipart


def gather(inputs, labels, with_share_alike=False):
    """All candidates in the order that numbers the pictures."""
    return (gather_icons(inputs, labels, with_share_alike) + gather_fluent3d(inputs, labels)
            + gather_clipart(inputs) + gather_furniture(inputs))
