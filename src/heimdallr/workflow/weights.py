"""Opens the weights store of the settings, without loading an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.segmentation.networks.weights import WeightsStore

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.config import Settings


def cache_folder(settings: Settings) -> Path:
    """Converted networks and remembered checksums; may be deleted at any time."""
    return settings.data_dir / "cache"


def open_store(settings: Settings) -> WeightsStore:
    """The weights store of these settings."""
    return WeightsStore(settings.weights_folder, cache_folder(settings))
