"""What is known of images that a study should have, and has not."""

from __future__ import annotations

from typing import NamedTuple


class LackingImages(NamedTuple):
    """How many images of a study are known not to be there."""

    unusable: int = 0
    """Received damaged; they never came whole."""
    unfetched: int = 0
    """An archive has them, and could not send them when it was asked."""
